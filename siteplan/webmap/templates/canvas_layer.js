{% macro script(this, kwargs) %}
var {{ this.get_name() }} = siteplan.layer({{ this.key|tojson }});
{% endmacro %}
