"""Writers of HLS projects and of C simulations, from one set of vendor-neutral op templates."""
