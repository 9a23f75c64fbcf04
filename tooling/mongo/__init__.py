"""The embedded MongoDB: a real ``mongod`` on loopback for `make run`, the tests and the benchmarks."""
