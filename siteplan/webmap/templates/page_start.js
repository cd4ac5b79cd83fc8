{% macro script(this, kwargs) %}
siteplan.start({{ this._parent.get_name() }}, [{% for layer in this.layers %}{{ layer.get_name() }}{{ ", " if not loop.last }}{% endfor %}]);
{% endmacro %}
