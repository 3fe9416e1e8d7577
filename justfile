# Daily commands; each is a plain line that works without just. `just --list` names them.

# Lint one package: just check dropins-store
check package:
    cargo clippy --locked -p {{package}} --all-targets -- -D warnings

# Test one room: just room dropins-store grants
room package filter="":
    cargo test --locked -p {{package}} {{filter}}

# Test everything
test:
    cargo test --locked

# Fuzz: just fuzz 60 assertion
fuzz seconds="30" *targets:
    .ci/fuzz {{seconds}} {{targets}}

# Make a book of docs in target/book
book:
    .ci/book

# Measure one authentication
bench:
    cargo bench --locked -p dropins-host --bench authentication

# Everything that must hold before a change is merged, or some parts of it: just ci format lints
ci *parts:
    .ci/run {{parts}}

# See the main job
quickstart:
    cargo run --locked --release -- quickstart
