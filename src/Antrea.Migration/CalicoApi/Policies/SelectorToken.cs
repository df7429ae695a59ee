namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>What a piece of a selector is.</summary>
internal enum SelectorTokenKind
{
    Key,
    Text,
    LeftParenthesis,
    RightParenthesis,
    LeftBrace,
    RightBrace,
    Comma,
    Equal,
    NotEqual,
    Not,
    And,
    Or,
    Contains,
    StartsWith,
    EndsWith,
    In,
    NotIn,
    Has,
    All,
    Global,
    End,
}

/// <summary>A piece of a selector.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">The label key, the literal without its quotes, or the text as written.</param>
/// <param name="Column">Where it starts, counted in characters from 1.</param>
internal readonly record struct SelectorToken(SelectorTokenKind Kind, string Value, int Column)
{
    public override string ToString() => Kind switch
    {
        SelectorTokenKind.End => "the end",
        SelectorTokenKind.Text => $"the text '{Value}'",
        SelectorTokenKind.Has => $"'has({Value})'",
        _ => $"'{Value}'",
    };
}
