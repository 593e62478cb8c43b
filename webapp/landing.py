"""``GET /``: says what answers here and where to look, and nothing that a stranger could use."""

from flask import Blueprint, Response, render_template


def landing() -> Blueprint:
    """The blueprint.

    The page asks neither the database nor Redis: it answers while the process does, costs a stranger's
    flood nothing, and has neither tenants nor figures nor a version to tell.
    """
    blueprint = Blueprint("landing", __name__)

    @blueprint.get("/")
    def show() -> Response:
        return Response(render_template("landing.html"))

    return blueprint
