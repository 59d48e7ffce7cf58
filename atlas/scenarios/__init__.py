"""What would change if: a named set of edits on a built atlas, of which only what is touched is scored again.

``model`` says what a scenario is, ``files`` reads and writes it as a file and as a link, ``editing`` makes the edited
places, ``touched`` says which figures they can move, ``applying`` measures and scores these, ``drawn`` the areas that
somebody drew, ``moves`` holds the ranks against the noise of the method, ``rebuilding`` does all of it the long way.
"""

from __future__ import annotations

from atlas.scenarios.applying import Ground, Outcome, apply
from atlas.scenarios.files import link_of, read_scenario, scenario_of_link, write_scenario
from atlas.scenarios.model import Scenario

__all__ = ["Ground", "Outcome", "Scenario", "apply", "link_of", "read_scenario", "scenario_of_link", "write_scenario"]
