from django.apps import AppConfig


class BenchConfig(AppConfig):
    name = "integration.bench"
    label = "bench"
    verbose_name = "Benchmarks"
