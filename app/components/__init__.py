"""Own Streamlit components, each one Python, one JavaScript and one CSS file."""
