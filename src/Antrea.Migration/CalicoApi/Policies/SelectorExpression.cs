using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>How a label's value is compared with a text.</summary>
internal enum TextOperator
{
    Contains,
    StartsWith,
    EndsWith,
}

/// <summary>The syntax tree of a Calico selector; a closed family.</summary>
/// <remarks>Truth table and canonical form: Calico <c>libcalico-go/lib/selector/parser</c>, v3.26 to v3.33.</remarks>
internal abstract record SelectorExpression
{
    private SelectorExpression()
    {
    }

    /// <summary>Whether labels satisfy the expression. <c>global()</c> is true: Calico gives it meaning by rewriting, not here.</summary>
    public abstract bool Matches(IReadOnlyDictionary<string, string> labels);

    /// <summary>Whether a test on one label holds for a value of it; null is missing.</summary>
    /// <exception cref="InvalidOperationException">The expression is no test on one label.</exception>
    public virtual bool Holds(string? value) => throw new InvalidOperationException($"'{this}' is no test on one label.");

    /// <summary>The label keys that decide, each as often as it is written.</summary>
    public IEnumerable<string> Keys() => this switch
    {
        Has has => [has.Key],
        Comparison comparison => [comparison.Key],
        Membership membership => [membership.Key],
        TextMatch match => [match.Key],
        Not not => not.Operand.Keys(),
        Chain chain => chain.Operands.SelectMany(o => o.Keys()),
        _ => [],
    };

    /// <summary>The canonical text; the parser reads it back to the same tree.</summary>
    public sealed override string ToString()
    {
        var builder = new StringBuilder();
        Append(builder);
        return builder.ToString();
    }

    protected abstract void Append(StringBuilder builder);

    private static string Quote(string value) =>
        value.Contains('"', StringComparison.Ordinal) ? $"'{value}'" : $"\"{value}\"";

    /// <summary><c>all()</c>, also the empty selector.</summary>
    public sealed record All : SelectorExpression
    {
        public override bool Matches(IReadOnlyDictionary<string, string> labels) => true;

        protected override void Append(StringBuilder builder) => builder.Append("all()");
    }

    /// <summary><c>global()</c>.</summary>
    public sealed record Global : SelectorExpression
    {
        public override bool Matches(IReadOnlyDictionary<string, string> labels) => true;

        protected override void Append(StringBuilder builder) => builder.Append("global()");
    }

    /// <summary><c>has(key)</c>.</summary>
    public sealed record Has(string Key) : SelectorExpression
    {
        public override bool Matches(IReadOnlyDictionary<string, string> labels) => labels.ContainsKey(Key);

        public override bool Holds(string? value) => value is not null;

        protected override void Append(StringBuilder builder) => builder.Append("has(").Append(Key).Append(')');
    }

    /// <summary><c>key == "value"</c>, or <c>!=</c>, which is true for a missing label.</summary>
    public sealed record Comparison(string Key, string Value, bool Negated) : SelectorExpression
    {
        public override bool Matches(IReadOnlyDictionary<string, string> labels) => Holds(labels.GetValueOrDefault(Key));

        public override bool Holds(string? value) => string.Equals(value, Value, StringComparison.Ordinal) != Negated;

        protected override void Append(StringBuilder builder) =>
            builder.Append(Key).Append(Negated ? " != " : " == ").Append(Quote(Value));
    }

    /// <summary><c>key in {…}</c>, or <c>not in</c>, which is true for a missing label. Values are sorted by their UTF-8 bytes, each once.</summary>
    public sealed record Membership : SelectorExpression
    {
        /// <summary>The values once more, where looking through them all would take long.</summary>
        private readonly FrozenSet<string>? _many;

        public Membership(string key, IEnumerable<string> values, bool negated)
        {
            Key = key;
            Negated = negated;
            Values = [.. values.Distinct(StringComparer.Ordinal).Order(ByteOrder.Comparer)];
            _many = Values.Length > 8 ? Values.ToFrozenSet(StringComparer.Ordinal) : null;
        }

        public string Key { get; }

        public ImmutableArray<string> Values { get; }

        public bool Negated { get; }

        public override bool Matches(IReadOnlyDictionary<string, string> labels) => Holds(labels.GetValueOrDefault(Key));

        public override bool Holds(string? value) => (value is not null && (_many?.Contains(value) ?? Values.Contains(value))) != Negated;

        public bool Equals(Membership? other) =>
            other is not null && Key == other.Key && Negated == other.Negated && Values.SequenceEqual(other.Values);

        public override int GetHashCode() => Values.Aggregate(HashCode.Combine(Key, Negated), HashCode.Combine);

        protected override void Append(StringBuilder builder) =>
            builder.Append(Key).Append(Negated ? " not in {" : " in {").AppendJoin(", ", Values.Select(Quote)).Append('}');
    }

    /// <summary><c>key contains "text"</c>, <c>starts with</c>, <c>ends with</c>; false for a missing label.</summary>
    public sealed record TextMatch(string Key, TextOperator Operator, string Text) : SelectorExpression
    {
        public override bool Matches(IReadOnlyDictionary<string, string> labels) => Holds(labels.GetValueOrDefault(Key));

        public override bool Holds(string? value) =>
            value is not null
            && Operator switch
            {
                TextOperator.Contains => value.Contains(Text, StringComparison.Ordinal),
                TextOperator.StartsWith => value.StartsWith(Text, StringComparison.Ordinal),
                _ => value.EndsWith(Text, StringComparison.Ordinal),
            };

        protected override void Append(StringBuilder builder)
        {
            var word = Operator switch
            {
                TextOperator.Contains => " contains ",
                TextOperator.StartsWith => " starts with ",
                _ => " ends with ",
            };
            builder.Append(Key).Append(word).Append(Quote(Text));
        }
    }

    /// <summary><c>! operand</c>. An even number of signs in a row never gets here.</summary>
    public sealed record Not(SelectorExpression Operand) : SelectorExpression
    {
        public override bool Matches(IReadOnlyDictionary<string, string> labels) => !Operand.Matches(labels);

        protected override void Append(StringBuilder builder)
        {
            builder.Append('!');
            Operand.Append(builder);
        }
    }

    /// <summary>A chain of <c>&amp;&amp;</c> or of <c>||</c>, at least two operands, as parsed: nested chains stay nested.</summary>
    public sealed record Chain : SelectorExpression
    {
        public Chain(bool isAnd, ImmutableArray<SelectorExpression> operands)
        {
            IsAnd = isAnd;
            Operands = operands;
        }

        public bool IsAnd { get; }

        public ImmutableArray<SelectorExpression> Operands { get; }

        public override bool Matches(IReadOnlyDictionary<string, string> labels)
        {
            foreach (var operand in Operands)
            {
                if (operand.Matches(labels) != IsAnd)
                {
                    return !IsAnd;
                }
            }

            return IsAnd;
        }

        public bool Equals(Chain? other) =>
            other is not null && IsAnd == other.IsAnd && Operands.SequenceEqual(other.Operands);

        public override int GetHashCode() => Operands.Aggregate(HashCode.Combine(IsAnd, Operands.Length), HashCode.Combine);

        protected override void Append(StringBuilder builder)
        {
            builder.Append('(');
            for (var i = 0; i < Operands.Length; i++)
            {
                builder.Append(i == 0 ? "" : IsAnd ? " && " : " || ");
                Operands[i].Append(builder);
            }

            builder.Append(')');
        }
    }
}
