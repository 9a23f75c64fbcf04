"""What is stored, and every query: the only package that imports mongoengine and pymongo."""
