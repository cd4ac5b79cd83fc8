{% macro script(this, kwargs) %}
siteplan.start({{ this._parent.get_name() }});
{% endmacro %}
