"""One module a page: it reads the session, calls one room, draws; ``show(session)``, ``ORDER`` and ``PATH``."""
