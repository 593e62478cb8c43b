"""The desk: pages for bookkeepers and sales operations, in German and English.

==================  ====================================================================
:mod:`.doors`       the one way in which a page is registered: session, role, tenant, form
:mod:`.visit`       who looks, in which language
:mod:`.texts`       what the pages say (``texts/*.toml``)
:mod:`.entry`       log-in, log-out, passwords
:mod:`.overview`    what needs a person, the flow, the connections
:mod:`.deals`       the list and one deal, with what may be done about it
==================  ====================================================================
"""

from flask import Blueprint

from connector.pipeline.services import Services
from webapp.desk.deals import add_deals
from webapp.desk.doors import Doors
from webapp.desk.entry import add_entry
from webapp.desk.overview import add_overview
from webapp.receiver import Wake


def desk(services: Services, wake: Wake) -> Blueprint:
    """The blueprint with every room.

    :param wake: tells a worker that a run is due.
    """
    blueprint = Blueprint("desk", __name__, url_prefix="/desk")
    doors = Doors(blueprint, services)
    add_entry(doors, services)
    add_overview(doors, services)
    add_deals(doors, services, wake)
    return blueprint
