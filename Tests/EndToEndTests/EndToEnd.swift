import Testing

/// Tests that start whole pipelines: one at a time, since each wants the machine for itself.
@Suite(.serialized)
enum EndToEnd {}
