"""Loading of the templates of HTML pages."""

from __future__ import annotations

import jinja2


def load_page_template(package: str, name: str) -> jinja2.Template:
    """Load the HTML template `name` from the `templates` folder of `package`; every value it inserts is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
