using System.Runtime.InteropServices;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Selectors in which some labels are known already, each different one under one number.</summary>
/// <remarks>0 is false, 1 is true. Not safe for use by several threads.</remarks>
internal sealed class SelectorTerms
{
    public const int False = 0;
    public const int True = 1;

    private readonly List<Term> _terms = [new(TermKind.False, null, []), new(TermKind.True, null, [])];
    private readonly Dictionary<SelectorExpression, int> _leaves = [];
    private readonly Dictionary<int[], int> _chains = new(IntSequence.Comparer);
    private readonly Dictionary<(int Term, string Key, string? Value), int> _assigned = [];

    /// <summary>A selector with what is known filled in.</summary>
    /// <param name="expression">The selector.</param>
    /// <param name="known">Says of a label whether it is known, and its value; null for one that is known to be missing.</param>
    public int Of(SelectorExpression expression, Func<string, (bool IsKnown, string? Value)> known)
    {
        switch (expression)
        {
            case SelectorExpression.Not not:
                return Not(Of(not.Operand, known));
            case SelectorExpression.Chain chain:
                return Chain(chain.IsAnd, chain.Operands.Select(o => Of(o, known)));
            case SelectorExpression.All or SelectorExpression.Global:
                return True;
            default:
                var (isKnown, value) = known(KeyOf(expression)!);
                return isKnown ? Test(expression, value) : Leaf(expression);
        }
    }

    /// <summary>The term with one label known; null is missing.</summary>
    public int Assign(int term, string key, string? value)
    {
        if (term <= True)
        {
            return term;
        }

        ref var assigned = ref CollectionsMarshal.GetValueRefOrAddDefault(_assigned, (term, key, value), out var isDone);
        if (isDone)
        {
            return assigned;
        }

        var given = _terms[term];
        var result = given.Kind switch
        {
            TermKind.Leaf => KeyOf(given.Leaf!) == key ? Test(given.Leaf!, value) : term,
            TermKind.Not => Not(Assign(given.Operands[0], key, value)),
            _ => AssignEach(given, key, value),
        };
        _assigned[(term, key, value)] = result;
        return result;
    }

    private int AssignEach(Term chain, string key, string? value) =>
        Chain(chain.Kind == TermKind.And, chain.Operands.Select(o => Assign(o, key, value)));

    /// <summary>The tests on single labels that a term is made of.</summary>
    public IEnumerable<SelectorExpression> Leaves(int term) =>
        _terms[term].Leaf is { } leaf ? [leaf] : _terms[term].Operands.SelectMany(Leaves);

    /// <summary>The label that a test is about; null for anything but a test on one label.</summary>
    public static string? KeyOf(SelectorExpression leaf) => leaf switch
    {
        SelectorExpression.Has has => has.Key,
        SelectorExpression.Comparison comparison => comparison.Key,
        SelectorExpression.Membership membership => membership.Key,
        SelectorExpression.TextMatch match => match.Key,
        _ => null,
    };

    public static int Test(SelectorExpression leaf, string? value) =>
        leaf.Holds(value) ? True : False;

    private int Leaf(SelectorExpression leaf)
    {
        ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(_leaves, leaf, out var isKnown);
        if (!isKnown)
        {
            place = Add(new Term(TermKind.Leaf, leaf, []));
        }

        return place;
    }

    private int Not(int term) => term switch
    {
        False => True,
        True => False,
        _ => _terms[term].Kind == TermKind.Not ? _terms[term].Operands[0] : Known(TermKind.Not, [term]),
    };

    private int Chain(bool isAnd, IEnumerable<int> operands)
    {
        var (neutral, absorbing) = isAnd ? (True, False) : (False, True);
        var kept = new SortedSet<int>();
        foreach (var operand in operands)
        {
            if (operand == absorbing)
            {
                return absorbing;
            }

            if (operand != neutral)
            {
                kept.Add(operand);
            }
        }

        return kept.Count switch
        {
            0 => neutral,
            1 => kept.Min,
            _ => Known(isAnd ? TermKind.And : TermKind.Or, [.. kept]),
        };
    }

    private int Known(TermKind kind, int[] operands)
    {
        int[] key = [(int)kind, .. operands];
        if (!_chains.TryGetValue(key, out var place))
        {
            place = Add(new Term(kind, null, operands));
            _chains.Add(key, place);
        }

        return place;
    }

    private int Add(Term term)
    {
        _terms.Add(term);
        return _terms.Count - 1;
    }

    private enum TermKind
    {
        False,
        True,
        Leaf,
        Not,
        And,
        Or,
    }

    private sealed record Term(TermKind Kind, SelectorExpression? Leaf, int[] Operands);
}
