using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Antrea.Migration.Internal;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>A Calico label selector, for example <c>app == 'web' &amp;&amp; env not in {'dev'}</c>.</summary>
/// <remarks>
/// <para><b>Equality</b> is that of the syntax tree, hence of <see cref="ToString"/>; selectors of one meaning may differ.</para>
/// <para>Source: Calico <c>libcalico-go/lib/selector</c> as of v3.33. Calico up to v3.29 also took line breaks inside
/// <c>not in</c>, <c>starts with</c>, <c>ends with</c> and <c>has( )</c>; such a text is refused here, and read where a policy comes from such a release.</para>
/// Immutable and safe for use by several threads.
/// </remarks>
public sealed class CalicoSelector : IEquatable<CalicoSelector>
{
    /// <summary>The longest selector that is read, in characters. Calico v3.33 takes 1,024, older ones as many as an object holds.</summary>
    public const int MaxLength = 256 * 1024;

    private CalicoSelector(SelectorExpression expression) => Expression = expression;

    /// <summary>The selector that every endpoint satisfies, <c>all()</c>.</summary>
    public static CalicoSelector All { get; } = new(new SelectorExpression.All());

    internal SelectorExpression Expression { get; }

    /// <summary>The selector of a syntax tree.</summary>
    internal static CalicoSelector Of(SelectorExpression expression) => new(expression);

    /// <summary>Reads a selector. An empty text, or one of spaces and TABs, is <c>all()</c>.</summary>
    /// <exception cref="FormatException">The text is no selector; the message names the text, the column and the fault.</exception>
    public static CalicoSelector Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (TryParse(text, out var selector, out var error))
        {
            return selector;
        }

        var shown = text.Length <= 200 ? text : text[..200] + "…";
        throw new FormatException($"'{shown}' is not a Calico selector: {error}.");
    }

    /// <summary>Reads a selector, or says in <paramref name="error"/> where and why it is none.</summary>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out CalicoSelector? selector,
        [NotNullWhen(false)] out CalicoSelectorError? error) => TryParse(text, lineBreaks: false, out selector, out error);

    /// <summary>The same; on request with the line breaks that Calico up to v3.29 took within an operator of two words and within <c>has( )</c>.</summary>
    internal static bool TryParse(
        string text,
        bool lineBreaks,
        [NotNullWhen(true)] out CalicoSelector? selector,
        [NotNullWhen(false)] out CalicoSelectorError? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        selector = null;
        if (text.Length > MaxLength)
        {
            error = new CalicoSelectorError(MaxLength + 1, $"{text.Length} characters; the limit is {MaxLength}");
            return false;
        }

        var expression = SelectorParser.Parse(text, lineBreaks, out error);
        selector = expression is null ? null : new CalicoSelector(expression);
        return selector is not null;
    }

    /// <summary>Whether labels satisfy the selector. Keys and values are compared byte by byte. Negative operators hold for a missing label.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return Expression.Matches(labels);
    }

    /// <inheritdoc/>
    public bool Equals(CalicoSelector? other) => other is not null && Expression.Equals(other.Expression);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CalicoSelector);

    /// <inheritdoc/>
    public override int GetHashCode() => Expression.GetHashCode();

    /// <summary>The name that Calico gives the address set of the selector: <c>s:</c> and a hash of the canonical text.</summary>
    /// <remarks>Source: Calico <c>libcalico-go/lib/hash</c>.</remarks>
    internal string UniqueId => "s:" + Base64Url.EncodeToString(Sha224.HashData(Encoding.UTF8.GetBytes("s:" + this)));

    /// <summary>Calico's canonical text: double quotes, single spaces, sets sorted, chains in parentheses.</summary>
    public override string ToString() => Expression.ToString();
}
