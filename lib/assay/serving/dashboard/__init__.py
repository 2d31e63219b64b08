"""The dashboard: Streamlit pages over gold, read by the same SQL as everything else."""
