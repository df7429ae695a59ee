using System.Runtime.InteropServices;

namespace Antrea.Migration.Policies.Verification;

/// <summary>A set of the atoms of an <see cref="AddressSpace"/>; equal sets of one space are the same object.</summary>
internal sealed class AddressSet
{
    private readonly int[] _runs;

    internal AddressSet(int id, int[] runs)
    {
        Id = id;
        _runs = runs;
        for (var i = 0; i < runs.Length; i += 2)
        {
            Count += runs[i + 1] - runs[i];
        }
    }

    /// <summary>Its number within the space; says nothing but which set it is.</summary>
    public int Id { get; }

    /// <summary>How many atoms it holds.</summary>
    public int Count { get; }

    public bool IsEmpty => _runs.Length == 0;

    /// <summary>Beginning and (excluded) end of each stretch of atoms, ascending, with a gap between any two.</summary>
    public ReadOnlySpan<int> Runs => _runs;

    public bool Contains(int atom)
    {
        var place = _runs.AsSpan().BinarySearch(atom);
        return place >= 0 ? place % 2 == 0 : ~place % 2 == 1;
    }

    /// <summary>The atoms, ascending.</summary>
    public IEnumerable<int> Atoms()
    {
        for (var i = 0; i < _runs.Length; i += 2)
        {
            for (var atom = _runs[i]; atom < _runs[i + 1]; atom++)
            {
                yield return atom;
            }
        }
    }
}

/// <summary>Makes the sets of one space, each once. Safe for use by several threads.</summary>
internal sealed class AddressSets
{
    [ThreadStatic]
    private static List<int>? _buffer;

    private readonly Lock _lock = new();
    private readonly Dictionary<int[], AddressSet> _known = new(IntSequence.Comparer);

    public AddressSets() => Empty = Intern([]);

    public AddressSet Empty { get; }

    /// <summary>The atoms from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public AddressSet Range(int first, int end) => first >= end ? Empty : Intern([first, end]);

    /// <summary>The atoms given, in any order.</summary>
    public AddressSet Of(List<int> atoms)
    {
        atoms.Sort();
        var runs = new List<int>();
        foreach (var atom in atoms)
        {
            if (runs.Count > 0 && runs[^1] >= atom)
            {
                runs[^1] = Math.Max(runs[^1], atom + 1);
            }
            else
            {
                runs.Add(atom);
                runs.Add(atom + 1);
            }
        }

        return Intern([.. runs]);
    }

    public AddressSet Union(AddressSet left, AddressSet right) =>
        left.IsEmpty || left == right ? right : right.IsEmpty ? left : Combine(left, right, (l, r) => l || r);

    public AddressSet Union(IEnumerable<AddressSet> sets) => sets.Aggregate(Empty, Union);

    public AddressSet Intersect(AddressSet left, AddressSet right) =>
        left.IsEmpty || right.IsEmpty ? Empty : left == right ? left : Combine(left, right, (l, r) => l && r);

    public AddressSet Except(AddressSet left, AddressSet right) =>
        left.IsEmpty || right.IsEmpty ? left : left == right ? Empty : Combine(left, right, (l, r) => l && !r);

    private AddressSet Combine(AddressSet left, AddressSet right, Func<bool, bool, bool> keep)
    {
        var l = left.Runs;
        var r = right.Runs;
        var runs = _buffer ??= [];
        runs.Clear();
        for (int i = 0, j = 0; i < l.Length || j < r.Length;)
        {
            var at = Math.Min(i < l.Length ? l[i] : int.MaxValue, j < r.Length ? r[j] : int.MaxValue);
            i += i < l.Length && l[i] == at ? 1 : 0;
            j += j < r.Length && r[j] == at ? 1 : 0;
            if (keep(i % 2 == 1, j % 2 == 1) != (runs.Count % 2 == 1))
            {
                runs.Add(at);
            }
        }

        return Intern(CollectionsMarshal.AsSpan(runs));
    }

    private AddressSet Intern(ReadOnlySpan<int> runs)
    {
        lock (_lock)
        {
            var known = _known.GetAlternateLookup<ReadOnlySpan<int>>();
            if (!known.TryGetValue(runs, out var set))
            {
                var kept = runs.ToArray();
                _known.Add(kept, set = new AddressSet(_known.Count, kept));
            }

            return set;
        }
    }
}

/// <summary>Equality of number sequences; a dictionary by them can be asked about a span, which is copied only to be kept.</summary>
internal sealed class IntSequence : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
{
    public static readonly IntSequence Comparer = new();

    public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(int[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<int> alternate, int[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<int> alternate)
    {
        var hash = default(HashCode);
        hash.AddBytes(MemoryMarshal.AsBytes(alternate));
        return hash.ToHashCode();
    }

    public int[] Create(ReadOnlySpan<int> alternate) => alternate.ToArray();
}
