//! What a component may cost the compiler, counted before the compiler sees it.
//!
//! A compiler of native code is not linear: nested control structures around code that sets many locals, very long
//! functions and very many functions cost seconds and gigabytes for a few kilobytes of input. Counting is linear.

use std::collections::HashSet;

use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// Functions of all modules; CPython has 13 500.
const MAX_FUNCTIONS: usize = 50_000;

/// Bytes of one function; the longest of CPython has 417 KiB.
const MAX_BODY: usize = 512 << 10;

/// Merges of one function: for each block, loop and branch the locals that are set inside. CPython's interpreter loop has
/// 10 300.
const MAX_MERGES: usize = 40_000;

/// Merges of all functions; CPython has 450 000.
const MAX_ALL_MERGES: usize = 2_000_000;

/// Why a component is not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooCostly {
    /// Too many functions.
    #[error("it has more than {MAX_FUNCTIONS} functions")]
    Functions,
    /// A function is too long.
    #[error("function {function} has {bytes} bytes of code; at most {MAX_BODY} are allowed")]
    Body {
        /// Its number among the functions of the component.
        function: usize,
        /// Its size.
        bytes: usize,
    },
    /// All functions together set too many locals in too many blocks.
    #[error("its functions set too many locals inside nested blocks (locals times blocks exceed {MAX_ALL_MERGES})")]
    AllMerges,
    /// A function sets too many locals in too many blocks.
    #[error("function {function} sets too many locals inside nested blocks (locals times blocks exceed {MAX_MERGES})")]
    Merges {
        /// Its number among the functions of the component.
        function: usize,
    },
}

/// Checks a valid component; the first function that is too costly is named.
pub(crate) fn check(bytes: &[u8]) -> Result<(), TooCostly> {
    let (mut function, mut all_merges) = (0, 0_usize);
    // A component that cannot be parsed was rejected before.
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        let Payload::CodeSectionEntry(body) = payload else { continue };
        function += 1;
        if function > MAX_FUNCTIONS {
            return Err(TooCostly::Functions);
        }
        let bytes = body.range().len();
        if bytes > MAX_BODY {
            return Err(TooCostly::Body { function, bytes });
        }
        let merges = merges(&body).unwrap_or(usize::MAX);
        if merges > MAX_MERGES {
            return Err(TooCostly::Merges { function });
        }
        all_merges = all_merges.saturating_add(merges);
        if all_merges > MAX_ALL_MERGES {
            return Err(TooCostly::AllMerges);
        }
    }
    Ok(())
}

/// Counts the merges of a function, as far as the limit.
fn merges(body: &FunctionBody<'_>) -> Result<usize, BinaryReaderError> {
    let mut open: Vec<HashSet<u32>> = vec![HashSet::new()];
    let mut merges = 0;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() && merges <= MAX_MERGES {
        match operators.read()? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                open.push(HashSet::new());
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                open.iter_mut().next_back().map(|set| set.insert(local_index));
            }
            Operator::End => merges += close(&mut open),
            _ => {}
        }
    }
    Ok(merges)
}

/// Closes the innermost block and returns how many locals are set in it; its parent sets them, too.
fn close(open: &mut Vec<HashSet<u32>>) -> usize {
    let Some(mut inner) = open.pop() else { return 0 };
    let merges = inner.len();
    if let Some(outer) = open.last_mut() {
        // The smaller set moves, so the whole stays linear.
        if inner.len() > outer.len() {
            std::mem::swap(&mut inner, outer);
        }
        outer.extend(inner);
    }
    merges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(module: &str) -> Result<(), TooCostly> {
        check(&wat::parse_str(module).unwrap())
    }

    fn module(functions: &str) -> String {
        format!("(module {functions})")
    }

    /// So many nested loops around code that sets so many locals.
    fn nested(loops: usize, locals: usize) -> String {
        let sets: String = (0..locals).map(|local| format!("(local.set {local} (i32.const 1))")).collect();
        let body = (0..loops).fold(sets, |inner, _| format!("(loop {inner})"));
        format!("(func (local {}) {body})", "i32 ".repeat(locals))
    }

    #[test]
    fn the_shipped_components_cost_little() {
        for (file, bytes) in dropins_components::ALL {
            assert_eq!(check(bytes), Ok(()), "{file}");
        }
    }

    #[test]
    fn locals_in_nested_loops_are_counted() {
        assert_eq!(checked(&module(&nested(99, 400))), Ok(()), "the function itself is a block");
        assert_eq!(checked(&module(&nested(100, 400))), Err(TooCostly::Merges { function: 1 }));
    }

    #[test]
    fn loops_one_after_the_other_are_counted_as_well() {
        let sets: String = (0..400).map(|local| format!("(local.set {local} (i32.const 1))")).collect();
        let module = format!("(module (func (local {}) {}))", "i32 ".repeat(400), format!("(loop {sets})").repeat(100));
        assert_eq!(checked(&module), Err(TooCostly::Merges { function: 1 }));
    }

    #[test]
    fn merges_of_all_functions_are_counted_together() {
        let function = nested(99, 400);
        let together = |count: usize| checked(&module(&function.repeat(count)));
        assert_eq!(together(MAX_ALL_MERGES / MAX_MERGES), Ok(()));
        assert_eq!(together(MAX_ALL_MERGES / MAX_MERGES + 1), Err(TooCostly::AllMerges));
    }

    #[test]
    fn functions_are_bounded_in_number_and_length() {
        assert_eq!(checked(&format!("(module {})", "(func)".repeat(MAX_FUNCTIONS))), Ok(()));
        let many = format!("(module {})", "(func)".repeat(MAX_FUNCTIONS + 1));
        assert_eq!(checked(&many), Err(TooCostly::Functions));
        let long = |bytes: usize| format!("(module (func {}))", "nop ".repeat(bytes));
        assert_eq!(checked(&long(MAX_BODY - 2)), Ok(()));
        let too_long = checked(&long(MAX_BODY - 1));
        assert_eq!(too_long, Err(TooCostly::Body { function: 1, bytes: MAX_BODY + 1 }));
    }

    #[test]
    fn modules_inside_a_component_are_looked_at() {
        let component = format!("(component (core module {}))", nested(100, 400));
        assert_eq!(checked(&component), Err(TooCostly::Merges { function: 1 }));
    }
}
