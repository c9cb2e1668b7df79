"""HLS projects and C simulation, from one set of vendor-neutral op templates."""
