"""Plan of a run, made before anything is sent: what each operation does to the service, and what is left out."""
