"""Everything adaptMLLM can do; imports neither streamlit nor app, usable as `python -m core`.

Importing any module here is cheap: torch, transformers and deepspeed are imported only inside
the functions that run models, which run in processes of their own.
"""
