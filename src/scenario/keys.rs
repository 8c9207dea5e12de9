//! The one list of keys that a scenario file knows; the schema for editors is tested against it.

/// A key, and whether a table must have it.
pub type Key = (&'static str, bool);

/// The keys of the file.
pub const TOP: &[Key] = &[
    ("title", true),
    ("summary", true),
    ("group", true),
    ("id", false),
    ("lesson", false),
    ("lab", false),
    ("ipv6", false),
    ("offload", false),
    ("driven", false),
    ("link", false),
    ("needs", false),
    ("claim", false),
    ("expects", false),
    ("step", true),
];

/// The keys of `lesson`: `start` or `group`, and both others.
pub const LESSON: &[Key] = &[("start", false), ("group", false), ("level", true), ("minutes", true)];

/// The keys of `driven`, which are the ends.
pub const DRIVEN: &[Key] = &[("client", false), ("server", false)];

/// The keys of a program in `driven`.
pub const PROGRAM: &[Key] = &[
    ("run", true),
    ("ready", false),
    ("env", false),
    ("cwd", false),
    ("files", false),
    ("stdin", false),
    ("terminal", false),
];

/// The keys of `needs`: what a kernel must do, and the programs that must be there.
pub const NEEDS: &[Key] = &[
    ("disconnect-under-read", false),
    ("shutdown-under-connect", false),
    ("program", false),
];

/// The keys of a step.
pub const STEP: &[Key] = &[
    ("name", false),
    ("say", false),
    ("look", false),
    ("client", false),
    ("server", false),
    ("wire", false),
    ("returns", false),
    ("later", false),
    ("states", false),
    ("queues", false),
    ("segments", false),
    ("counters", false),
    ("gives-up", false),
    ("exits", false),
    ("says", false),
    ("within", false),
    ("stands", false),
    ("because", false),
    ("claim", false),
    ("part", false),
    ("go", false),
];

/// The keys of a step that are expectations, and of its `claim`.
pub const EXPECTATIONS: &[Key] = &[
    ("returns", false),
    ("later", false),
    ("states", false),
    ("queues", false),
    ("segments", false),
    ("counters", false),
    ("gives-up", false),
    ("exits", false),
    ("says", false),
];

/// The keys of a socket in `queues`.
pub const QUEUE: &[Key] = &[("rx", false), ("tx", false)];

/// The keys of a lesson of two labs.
pub const SIDE_BY_SIDE: &[Key] = &[
    ("title", true),
    ("summary", true),
    ("lesson", true),
    ("left", true),
    ("right", true),
    ("step", true),
];

/// The keys of a step of two labs.
pub const ALIGNED_STEP: &[Key] = &[
    ("say", true),
    ("look", true),
    ("both", false),
    ("left", false),
    ("right", false),
];
