//! Expressions, loosest operator first.

use super::Parser;
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::sql::syntax::{Expression, Operator};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::parse_decimal;
use crate::sql_server::value::{Datum, SqlType, Value};

const COMPARISONS: [(&str, Operator); 9] = [
    ("=", Operator::Equal),
    ("<>", Operator::Different),
    ("!=", Operator::Different),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("!<", Operator::GreaterOrEqual),
    ("!>", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];
const SUMS: [(&str, Operator); 4] = [
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("&", Operator::BitAnd),
    ("|", Operator::BitOr),
];
const PRODUCTS: [(&str, Operator); 3] = [
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
];

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.conjunction()?;
        while self.word_if("OR") {
            self.nest()?;
            left = binary(Operator::Or, left, self.conjunction()?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.negation()?;
        while self.word_if("AND") {
            self.nest()?;
            left = binary(Operator::And, left, self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, SqlError> {
        if self.word_if("NOT") {
            self.nest()?;
            return Ok(Expression::Not(Box::new(self.negation()?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, SqlError> {
        let left = self.sum()?;
        if let Some(operator) = self.operator(&COMPARISONS) {
            return Ok(binary(operator, left, self.sum()?));
        }
        if self.word_if("IS") {
            let not = self.word_if("NOT");
            self.word("NULL")?;
            return Ok(Expression::IsNull(Box::new(left), not));
        }
        let not = self.word_if("NOT");
        if self.word_if("IN") {
            self.symbol("(")?;
            let list = self.arguments()?;
            return Ok(Expression::In(Box::new(left), list, not));
        }
        if self.word_if("LIKE") {
            let like = binary(Operator::Like, left, self.sum()?);
            return Ok(if not {
                Expression::Not(Box::new(like))
            } else {
                like
            });
        }
        if not {
            return Err(self.error());
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&SUMS) {
            self.nest()?;
            left = binary(operator, left, self.product()?);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.unary()?;
        while let Some(operator) = self.operator(&PRODUCTS) {
            self.nest()?;
            left = binary(operator, left, self.unary()?);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, SqlError> {
        if self.symbol_if("-") {
            self.nest()?;
            return Ok(Expression::Negative(Box::new(self.unary()?)));
        }
        self.symbol_if("+");
        self.primary()
    }

    fn operator(&mut self, known: &[(&str, Operator)]) -> Option<Operator> {
        let (_, operator) = known.iter().find(|(symbol, _)| self.at_symbol(symbol))?;
        self.at += 1;
        Some(*operator)
    }

    pub(super) fn primary(&mut self) -> Result<Expression, SqlError> {
        match self.peek().cloned() {
            Some(Token::Symbol("(")) => {
                self.at += 1;
                self.nest()?;
                let expression = self.expression()?;
                self.symbol(")")?;
                Ok(expression)
            }
            Some(Token::Number(digits)) => {
                self.at += 1;
                numeric(&digits).ok_or_else(|| self.error())
            }
            Some(Token::Text { content, national }) => {
                self.at += 1;
                Ok(Expression::Literal(if national {
                    Value::nvarchar(&content)
                } else {
                    Value::varchar(&content)
                }))
            }
            Some(Token::Binary(bytes)) => {
                self.at += 1;
                Ok(Expression::Literal(Value::binary(bytes)))
            }
            Some(Token::Variable(name)) => {
                self.at += 1;
                Ok(match name.strip_prefix("@@") {
                    Some(global) => Expression::Global(global.to_uppercase()),
                    None => Expression::Variable(name.to_lowercase()),
                })
            }
            Some(Token::Word(word)) => self.word_expression(&word.to_uppercase()),
            Some(Token::Quoted(_)) => self.named(),
            _ => Err(self.error()),
        }
    }

    fn word_expression(&mut self, word: &str) -> Result<Expression, SqlError> {
        let at_call = matches!(self.peek_after(), Some(Token::Symbol("(")));
        match word {
            "NULL" => {
                self.at += 1;
                // What the real server takes a bare NULL for.
                Ok(Expression::Literal(Value::null(SqlType::Int)))
            }
            // Names a parameter's default, as in fn_listextendedproperty(default, …).
            "DEFAULT" => {
                self.at += 1;
                Ok(Expression::Literal(Value::null(SqlType::Int)))
            }
            "CASE" => {
                self.at += 1;
                self.case()
            }
            "CAST" | "TRY_CAST" if at_call => {
                self.at += 2;
                self.nest()?;
                let expression = self.expression()?;
                self.word("AS")?;
                let sql_type = self.sql_type()?;
                self.symbol(")")?;
                Ok(Expression::Cast(Box::new(expression), sql_type))
            }
            "CONVERT" | "TRY_CONVERT" if at_call => {
                self.at += 2;
                self.nest()?;
                let sql_type = self.sql_type()?;
                self.symbol(",")?;
                let expression = self.expression()?;
                if self.symbol_if(",") {
                    self.expression()?;
                }
                self.symbol(")")?;
                Ok(Expression::Cast(Box::new(expression), sql_type))
            }
            // Functions written without parentheses.
            "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER" | "USER" | "CURRENT_TIMESTAMP" if !at_call => {
                self.at += 1;
                Ok(Expression::Call(word.to_owned(), Vec::new()))
            }
            // A clause where an expression is due is an error, not a column.
            "FROM" | "WHERE" | "ORDER" | "SELECT" | "AS" | "WHEN" | "THEN" | "ELSE" | "END" => {
                Err(self.error())
            }
            _ => self.named(),
        }
    }

    /// A column, or a call.
    fn named(&mut self) -> Result<Expression, SqlError> {
        let name = self.qualified_name()?.pop().unwrap_or_default();
        if self.symbol_if("(") {
            return Ok(Expression::Call(name.to_uppercase(), self.arguments()?));
        }
        Ok(Expression::Column(name))
    }

    /// What stands in parentheses; the opening one is taken.
    pub(super) fn arguments(&mut self) -> Result<Vec<Expression>, SqlError> {
        self.nest()?;
        let mut arguments = Vec::new();
        if self.symbol_if(")") {
            return Ok(arguments);
        }
        loop {
            // COUNT(*)
            if self.symbol_if("*") {
                arguments.push(Expression::Literal(Value::int(1)));
            } else {
                let nested = self.nested;
                arguments.push(self.expression()?);
                self.nested = nested;
            }
            if !self.symbol_if(",") {
                self.symbol(")")?;
                return Ok(arguments);
            }
        }
    }

    fn case(&mut self) -> Result<Expression, SqlError> {
        let operand = if self.at_word("WHEN") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        self.nest()?;
        let mut branches = Vec::new();
        while self.word_if("WHEN") {
            let when = self.expression()?;
            self.word("THEN")?;
            branches.push((when, self.expression()?));
        }
        let otherwise = if self.word_if("ELSE") {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.word("END")?;
        if branches.is_empty() {
            return Err(self.error());
        }
        Ok(Expression::Case {
            operand,
            branches,
            otherwise,
        })
    }
}

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operator, Box::new(left), Box::new(right))
}

/// Whole numbers are int if they fit, else numeric; a point makes numeric, an exponent float.
fn numeric(digits: &str) -> Option<Expression> {
    if digits.contains(['e', 'E']) {
        return digits.parse().ok().map(Value::float).map(Expression::Literal);
    }
    if let Ok(value) = digits.parse() {
        return Some(Expression::Literal(Value::int(value)));
    }
    let (value, precision, scale) = parse_decimal(digits, None)?;
    Some(Expression::Literal(Value {
        sql_type: SqlType::Decimal { precision, scale },
        datum: Datum::Decimal(value),
    }))
}
