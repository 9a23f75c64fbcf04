"""The demo shop: a page that plays the ERP, with the parts of the ERP's server that it needs."""
