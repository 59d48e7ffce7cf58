"""One module a page: it reads the session, calls one room, draws. Each has ``show(session)``, ``NAME`` and ``ORDER``."""
