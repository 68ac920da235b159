//! Reads all rows, then gives the groups.

use std::collections::HashMap;

use super::Aggregate;
use super::state::State;
use crate::sql_server::sql::query::stream::{Stream, grouping_key};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{SqlType, Value};

/// The keys of a group, and what is known of its aggregates, with the types of their arguments.
type Group = (Vec<Value>, Vec<(State, SqlType)>);

pub(super) struct Grouping {
    input: Option<Box<dyn Stream>>,
    width: usize,
    whole: bool,
    aggregates: Vec<Aggregate>,
    groups: HashMap<Vec<u8>, usize>,
    /// In the order of their first rows.
    order: Vec<Group>,
}

impl Grouping {
    /// `width`: how many keys rows begin with; arguments of the aggregates follow.
    pub(super) fn new(input: Box<dyn Stream>, width: usize, aggregates: Vec<Aggregate>) -> Self {
        Self {
            input: Some(input),
            width,
            // Without GROUP BY there is a row also where there is none to aggregate.
            whole: width == 0,
            aggregates,
            groups: HashMap::new(),
            order: Vec::new(),
        }
    }

    fn group(&mut self, keys: Vec<Value>) -> usize {
        let next = self.order.len();
        let encoded = if self.width == 0 {
            Vec::new()
        } else {
            grouping_key(&keys)
        };
        let at = *self.groups.entry(encoded).or_insert(next);
        if at == next {
            let states = self.aggregates.iter();
            let states = states.map(|aggregate| (State::default(), aggregate.sql_type.clone()));
            self.order.push((keys, states.collect()));
        }
        at
    }

    fn add(&mut self, mut row: Vec<Value>) -> Result<(), SqlError> {
        let arguments = row.split_off(self.width);
        let at = self.group(row);
        let Some((_, states)) = self.order.get_mut(at) else {
            return Ok(());
        };
        for ((aggregate, (state, sql_type)), value) in self.aggregates.iter().zip(states).zip(arguments) {
            if state.count == 0 {
                sql_type.clone_from(&value.sql_type);
            }
            state.add(aggregate, value)?;
        }
        Ok(())
    }
}

impl Stream for Grouping {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let Some(input) = &mut self.input else {
            return Ok(false);
        };
        let mut own = Vec::new();
        let more = input.pull(&mut own)?;
        for row in own {
            self.add(row)?;
        }
        if more {
            return Ok(true);
        }
        self.input = None;
        if self.whole {
            self.group(Vec::new());
        }
        for (mut row, states) in std::mem::take(&mut self.order) {
            for (aggregate, (state, sql_type)) in self.aggregates.iter().zip(states) {
                row.push(state.result(aggregate, &sql_type)?);
            }
            rows.push(row);
        }
        Ok(false)
    }
}
