"""The demo shop: a page that stands in for the ERP, and the parts of an ERP's server that it needs."""
