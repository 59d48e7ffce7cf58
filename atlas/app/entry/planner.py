"""What Streamlit runs. It lies alone in its folder, since Streamlit puts that folder on the path of modules."""

from atlas.app.main import main

main()
