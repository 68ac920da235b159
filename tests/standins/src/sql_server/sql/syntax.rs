//! What a batch says, once parsed.

use std::time::Duration;

use crate::sql_server::value::{SqlType, Value};

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum Statement {
    Select(Box<Select>),
    CreateTable(CreateTable),
    CreateSchema(String),
    DropTable {
        names: Vec<ObjectName>,
        if_exists: bool,
    },
    Truncate(ObjectName),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    InsertBulk(InsertBulk),
    Declare(Vec<(String, SqlType, Option<Expression>)>),
    Assign(String, Expression),
    /// `SET …` of a session option: its words, in upper case.
    SetOption(Vec<String>),
    Begin,
    Commit,
    /// The name of a savepoint, if one was named.
    Rollback(Option<String>),
    /// The name of the savepoint.
    Save(String),
    Use(String),
    WaitFor(Duration),
    Print(Expression),
    RaiseError {
        message: Expression,
        class: Expression,
        state: Expression,
    },
    Throw {
        number: Expression,
        message: Expression,
        state: Expression,
    },
    /// `THROW` alone, in a CATCH block.
    Rethrow,
    Try {
        body: Vec<Statement>,
        handler: Vec<Statement>,
    },
    /// Follows the body of a TRY block while it runs; has the statements of CATCH.
    EndTry(Vec<Statement>),
    /// Follows the statements of CATCH.
    EndCatch,
    Return,
    If {
        condition: Expression,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Execute {
        procedure: String,
        arguments: Vec<(Option<String>, Expression)>,
    },
}

/// A query; what `UNION ALL` adds to it is in `unions`, and ORDER BY and what follows it is of the whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::sql_server) struct Select {
    pub(in crate::sql_server) distinct: bool,
    pub(in crate::sql_server) top: Option<Expression>,
    pub(in crate::sql_server) items: Vec<Item>,
    /// `SELECT … INTO`
    pub(in crate::sql_server) into: Option<ObjectName>,
    pub(in crate::sql_server) from: Option<Source>,
    pub(in crate::sql_server) joins: Vec<Join>,
    pub(in crate::sql_server) condition: Option<Expression>,
    pub(in crate::sql_server) group: Vec<Expression>,
    pub(in crate::sql_server) having: Option<Expression>,
    pub(in crate::sql_server) unions: Vec<Select>,
    pub(in crate::sql_server) order: Vec<OrderKey>,
    pub(in crate::sql_server) offset: Option<Expression>,
    pub(in crate::sql_server) fetch: Option<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct OrderKey {
    pub(in crate::sql_server) expression: Expression,
    pub(in crate::sql_server) descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum Item {
    /// `*`, or `q.*`
    Everything(Option<String>),
    Column {
        name: Option<String>,
        expression: Expression,
    },
    /// `SELECT @x = …`
    Assign(String, Expression),
}

/// A name of up to four parts, without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sql_server) struct ObjectName(pub(in crate::sql_server) Vec<String>);

impl ObjectName {
    /// As the error text quotes it.
    pub(in crate::sql_server) fn written(&self) -> String {
        self.0.join(".")
    }

    /// The last part.
    pub(in crate::sql_server) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The part before the last, if there is one.
    pub(in crate::sql_server) fn schema(&self) -> Option<&str> {
        self.before(1)
    }

    /// The part before that.
    pub(in crate::sql_server) fn database(&self) -> Option<&str> {
        self.before(2)
    }

    fn before(&self, places: usize) -> Option<&str> {
        let at = self.0.len().checked_sub(places + 1)?;
        self.0.get(at).map(String::as_str).filter(|part| !part.is_empty())
    }
}

/// What stands in FROM.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Source {
    pub(in crate::sql_server) body: SourceBody,
    pub(in crate::sql_server) alias: Option<String>,
    /// Names for the columns of a derived table: `AS q (a, b)`
    pub(in crate::sql_server) columns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum SourceBody {
    /// A table, view or table-valued function.
    Named(ObjectName, Vec<Expression>),
    /// A derived table.
    Query(Box<Select>),
    Values(Vec<Vec<Expression>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Join {
    pub(in crate::sql_server) kind: JoinKind,
    pub(in crate::sql_server) source: Source,
    pub(in crate::sql_server) on: Option<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sql_server) enum JoinKind {
    Inner,
    Left,
    Cross,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct CreateTable {
    pub(in crate::sql_server) name: ObjectName,
    pub(in crate::sql_server) columns: Vec<ColumnDefinition>,
    pub(in crate::sql_server) key: Option<Key>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct ColumnDefinition {
    pub(in crate::sql_server) name: String,
    pub(in crate::sql_server) sql_type: SqlType,
    pub(in crate::sql_server) nullable: bool,
    /// Seed and increment.
    pub(in crate::sql_server) identity: Option<(i64, i64)>,
    pub(in crate::sql_server) default: Option<Expression>,
}

/// `PRIMARY KEY`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sql_server) struct Key {
    pub(in crate::sql_server) name: Option<String>,
    pub(in crate::sql_server) columns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Insert {
    pub(in crate::sql_server) table: ObjectName,
    /// Empty: all that take values.
    pub(in crate::sql_server) columns: Vec<String>,
    pub(in crate::sql_server) rows: InsertedRows,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum InsertedRows {
    /// `None` is DEFAULT.
    Values(Vec<Vec<Option<Expression>>>),
    Query(Box<Select>),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Update {
    pub(in crate::sql_server) table: ObjectName,
    pub(in crate::sql_server) alias: Option<String>,
    pub(in crate::sql_server) assignments: Vec<(String, Expression)>,
    pub(in crate::sql_server) condition: Option<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Delete {
    pub(in crate::sql_server) table: ObjectName,
    pub(in crate::sql_server) alias: Option<String>,
    pub(in crate::sql_server) top: Option<Expression>,
    pub(in crate::sql_server) condition: Option<Expression>,
}

/// `INSERT BULK`: what the Bulk Load message that follows brings.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct InsertBulk {
    pub(in crate::sql_server) table: ObjectName,
    pub(in crate::sql_server) columns: Vec<String>,
    pub(in crate::sql_server) keep_nulls: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum Expression {
    Literal(Value),
    /// `@name`, in lower case.
    Variable(String),
    /// `@@NAME`, in upper case without the signs.
    Global(String),
    Column {
        /// Alias or name of the table.
        qualifier: Option<String>,
        name: String,
    },
    /// A column of the row at hand, once the names are resolved.
    Slot(usize),
    /// In upper case.
    Call(String, Vec<Expression>),
    Cast(Box<Cast>),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    IsNull(Box<Expression>, bool),
    In(Box<Expression>, Vec<Expression>, bool),
    InQuery(Box<Expression>, Box<Select>, bool),
    Exists(Box<Select>),
    /// A query in parentheses: its one value.
    Query(Box<Select>),
    Case(Box<Case>),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Cast {
    pub(in crate::sql_server) inner: Expression,
    pub(in crate::sql_server) sql_type: SqlType,
    /// CONVERT's third argument.
    pub(in crate::sql_server) style: Option<Expression>,
    /// TRY_CAST gives NULL where CAST fails.
    pub(in crate::sql_server) or_null: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Case {
    pub(in crate::sql_server) operand: Option<Expression>,
    pub(in crate::sql_server) branches: Vec<(Expression, Expression)>,
    pub(in crate::sql_server) otherwise: Option<Expression>,
    /// Of all branches together, once it is known.
    pub(in crate::sql_server) sql_type: Option<SqlType>,
}

impl Expression {
    /// The same expression with each part that it is made of replaced. Queries within stay as they are.
    pub(in crate::sql_server) fn map_parts<E>(
        self,
        mut map: impl FnMut(Self) -> Result<Self, E>,
    ) -> Result<Self, E> {
        let mut boxed = |part: Box<Self>| map(*part).map(Box::new);
        Ok(match self {
            Self::Negative(inner) => Self::Negative(boxed(inner)?),
            Self::Not(inner) => Self::Not(boxed(inner)?),
            Self::IsNull(inner, not) => Self::IsNull(boxed(inner)?, not),
            Self::InQuery(inner, query, not) => Self::InQuery(boxed(inner)?, query, not),
            Self::Binary(operator, left, right) => Self::Binary(operator, boxed(left)?, boxed(right)?),
            Self::Call(name, arguments) => {
                Self::Call(name, arguments.into_iter().map(map).collect::<Result<_, E>>()?)
            }
            Self::In(inner, list, not) => {
                let inner = boxed(inner)?;
                Self::In(inner, list.into_iter().map(map).collect::<Result<_, E>>()?, not)
            }
            Self::Cast(cast) => Self::Cast(Box::new(Cast {
                inner: map(cast.inner)?,
                style: cast.style.map(map).transpose()?,
                ..*cast
            })),
            Self::Case(case) => Self::Case(Box::new(Case {
                operand: case.operand.map(&mut map).transpose()?,
                branches: case
                    .branches
                    .into_iter()
                    .map(|(when, then)| Ok((map(when)?, map(then)?)))
                    .collect::<Result<_, E>>()?,
                otherwise: case.otherwise.map(&mut map).transpose()?,
                sql_type: case.sql_type,
            })),
            Self::Literal(_)
            | Self::Variable(_)
            | Self::Global(_)
            | Self::Column { .. }
            | Self::Slot(_)
            | Self::Exists(_)
            | Self::Query(_) => self,
        })
    }

    /// Calls `visit` with the expression and everything it is made of.
    pub(in crate::sql_server) fn visit(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match self {
            Self::Negative(inner) | Self::Not(inner) | Self::IsNull(inner, _) | Self::InQuery(inner, ..) => {
                inner.visit(visit);
            }
            Self::Binary(_, left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
            Self::Call(_, list) => {
                for part in list {
                    part.visit(visit);
                }
            }
            Self::In(inner, list, _) => {
                inner.visit(visit);
                for part in list {
                    part.visit(visit);
                }
            }
            Self::Cast(cast) => {
                cast.inner.visit(visit);
                cast.style.iter().for_each(|part| part.visit(visit));
            }
            Self::Case(case) => {
                let branches = case.branches.iter().flat_map(|(when, then)| [when, then]);
                for part in case.operand.iter().chain(branches).chain(&case.otherwise) {
                    part.visit(visit);
                }
            }
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sql_server) enum Operator {
    Or,
    And,
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    BitAnd,
    BitOr,
}

impl Operator {
    pub(in crate::sql_server) fn is_comparison(self) -> bool {
        self.turned().is_some()
    }

    /// The comparison with its sides exchanged.
    pub(in crate::sql_server) fn turned(self) -> Option<Self> {
        Some(match self {
            Self::Equal => Self::Equal,
            Self::Different => Self::Different,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            _ => return None,
        })
    }
}
