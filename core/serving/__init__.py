"""The translation service, and making a model ready for it.

`settings`, `models`, `versions`, `services`, `keys` and `bundle` are what pages and commands call;
the rest runs in the processes of a preparation or a service. Imports no user interface, and torch
only where a model is converted, compared or served by Transformers.
"""

SERVICE_VERSION = "1.0"
