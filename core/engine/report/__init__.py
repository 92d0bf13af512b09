"""The report: one HTML page that shows what runs, evaluations and sweeps came to. Nothing here imports torch."""
