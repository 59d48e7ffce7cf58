"""The planner's app for ``streamlit run streamlit_app.py``; ``atlas app`` starts the same."""

from atlas.app.main import main

main()
