# What a developer runs; `just` lists it.
default:
    @just --list

# Everything that must pass before a commit.
check: fmt clippy doc test deny machete

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

test:
    cargo test --workspace --locked

# Licences, sources and bans need no network; advisories need the advisory database.
deny:
    cargo deny --workspace check bans licenses sources

machete:
    cargo machete

# The whole flow, measured; prints the table of docs/performance.md.
bench:
    cargo bench --bench flow

# The binary that is shipped.
dist:
    cargo build --profile dist --locked
