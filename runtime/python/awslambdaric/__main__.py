"""What /var/runtime/bootstrap.py imports as `awslambdaricmain`: the name under which instrumentation finds the loop."""

from . import bootstrap
from .lambda_runtime_client import LambdaRuntimeClient


def serve(handler, api_socket):
    bootstrap.run(handler, LambdaRuntimeClient(api_socket))
