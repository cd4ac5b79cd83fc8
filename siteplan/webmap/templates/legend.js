{% macro script(this, kwargs) %}
siteplan.legend({{ this._parent.get_name() }}, [{% for name in this.overlays.values() %}{{ name }}{{ ", " if not loop.last }}{% endfor %}]);
{% endmacro %}
