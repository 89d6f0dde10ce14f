"""The errors that agglo raises about what a user gave it."""


class AggloError(Exception):
    """Any error a user can mend; the message says what, where, got, wanted and the next step."""


class TableError(AggloError, ValueError):
    """A table breaks its contract: a column, a value, a key or a geometry."""


class LayerError(AggloError, ValueError):
    """A layer's file or its metadata cannot be read as what it claims to be."""


class ScenarioError(AggloError, ValueError):
    """A scenario file is malformed, names what does not exist, or changes nothing."""


class SettingsError(AggloError, ValueError):
    """The workspace's settings (agglo.toml) are missing or malformed."""


class NetworkError(AggloError, ValueError):
    """A network cannot carry the question: no way, no node, a cost that is not a number."""


class FlowError(AggloError, ValueError):
    """Workers and jobs cannot be joined into flows."""


class CompareError(AggloError, ValueError):
    """Results that were built on different inputs are asked to be compared."""


class OutputError(AggloError, ValueError):
    """An output cannot be written; the earlier output is left whole."""
