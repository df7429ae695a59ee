using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Every address that a flow may come from or go to, in atoms that no policy can take apart.</summary>
/// <remarks>
/// An atom is one address of one Pod, or a stretch of addresses between two bounds of the networks mentioned, without the
/// Pods' addresses in it. Atoms are numbered: Pods' IPv4 addresses in the order of the Pods, then the other
/// IPv4 stretches by address; then the same for IPv6. So a selector's Pods, and a network's strangers, are few runs of numbers.
/// </remarks>
internal sealed class AddressSpace
{
    private readonly Family _v4;
    private readonly Family _v6;
    private readonly int[][] _atomsOfPod;
    private readonly Dictionary<Cidr, AddressSet> _nets = [];
    private readonly Lock _lock = new();

    /// <param name="pods">The Pods, existing and future.</param>
    /// <param name="nets">Every network that either side mentions.</param>
    public AddressSpace(IReadOnlyList<ProofPod> pods, IEnumerable<Cidr> nets)
    {
        Pods = pods;
        var all = nets.ToHashSet();
        var atoms = pods.Select(_ => new List<int>()).ToArray();
        _v4 = new Family(pods, all, isIPv6: false, offset: 0, atoms);
        _v6 = new Family(pods, all, isIPv6: true, offset: _v4.End, atoms);
        _atomsOfPod = [.. atoms.Select(a => a.ToArray())];
        V4 = Sets.Range(0, _v4.End);
        V6 = Sets.Range(_v4.End, _v6.End);
        All = Sets.Range(0, _v6.End);
    }

    public AddressSets Sets { get; } = new();

    public IReadOnlyList<ProofPod> Pods { get; }

    /// <summary>Every address.</summary>
    public AddressSet All { get; }

    public AddressSet V4 { get; }

    public AddressSet V6 { get; }

    /// <summary>The atoms of a Pod, one for each of its addresses.</summary>
    public ReadOnlySpan<int> AtomsOf(int pod) => _atomsOfPod[pod];

    /// <summary>The Pod that an atom is an address of; -1 for other addresses.</summary>
    public int PodOf(int atom) => FamilyOf(atom).PodOf(atom);

    /// <summary>Every address of the atom's family.</summary>
    public AddressSet FamilySetOf(int atom) => atom < _v4.End ? V4 : V6;

    /// <summary>An address of the atom.</summary>
    public IPAddress AddressOf(int atom) => FamilyOf(atom).AddressOf(atom);

    /// <summary>The addresses of a network.</summary>
    /// <exception cref="InvalidOperationException">The network was not among those that the space was made for.</exception>
    public AddressSet Of(Cidr net)
    {
        lock (_lock)
        {
            if (!_nets.TryGetValue(net, out var set))
            {
                set = (net.IsIPv6 ? _v6 : _v4).Of(net, Sets);
                _nets.Add(net, set);
            }

            return set;
        }
    }

    /// <summary>The addresses of Pods, and of whoever else has one of these.</summary>
    public AddressSet OfPods(IEnumerable<int> pods)
    {
        var atoms = new List<int>();
        foreach (var pod in pods)
        {
            foreach (var atom in _atomsOfPod[pod])
            {
                FamilyOf(atom).AddWithTwins(atom, atoms);
            }
        }

        return Sets.Of(atoms);
    }

    /// <summary>The addresses of a set as stretches: first and last of each, IPv4 before IPv6, ascending, with gaps between.</summary>
    public IEnumerable<(IPAddress First, IPAddress Last)> StretchesOf(AddressSet set) =>
        _v4.StretchesOf(set.Atoms().Where(a => a < _v4.End)).Concat(_v6.StretchesOf(set.Atoms().Where(a => a >= _v4.End)));

    private Family FamilyOf(int atom) => atom < _v4.End ? _v4 : _v6;

    /// <summary>The atoms of one family.</summary>
    private sealed class Family
    {
        private static readonly IPAddress[] Usual = [IPAddress.Parse("203.0.113.7"), IPAddress.Parse("2001:db8::7")];

        private readonly bool _isIPv6;
        private readonly int _offset;
        private readonly UInt128 _last;
        private readonly List<(int Pod, UInt128 Address)> _pods = [];
        private readonly UInt128[] _byAddress;
        private readonly int[] _atomByAddress;
        private readonly UInt128[] _cuts;
        private readonly int[] _firstAtomOfCut;
        private readonly List<UInt128> _outside = [];
        private readonly Dictionary<int, int[]> _twins;

        public Family(IReadOnlyList<ProofPod> pods, HashSet<Cidr> nets, bool isIPv6, int offset, List<int>[] atoms)
        {
            _isIPv6 = isIPv6;
            _offset = offset;
            for (var i = 0; i < pods.Count; i++)
            {
                foreach (var address in pods[i].Pod.Addresses.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6 == isIPv6))
                {
                    atoms[i].Add(offset + _pods.Count);
                    _pods.Add((i, Cidr.ToValue(address)));
                }
            }

            _byAddress = [.. _pods.Select(p => p.Address)];
            _atomByAddress = [.. Enumerable.Range(offset, _pods.Count)];
            Array.Sort(_byAddress, _atomByAddress);
            _twins = Enumerable.Range(0, _pods.Count)
                .Where(i => !pods[_pods[i].Pod].IsSynthetic)
                .GroupBy(i => _pods[i].Address)
                .Where(g => g.Skip(1).Any())
                .SelectMany(g => g.Select(i => (i, All: g.Select(j => offset + j).ToArray())))
                .ToDictionary(p => offset + p.i, p => p.All);
            var last = _last = Cidr.Containing(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0).LastValue;
            _cuts =
            [
                .. nets.Where(n => n.IsIPv6 == isIPv6)
                    .SelectMany(n => n.LastValue == last ? new[] { n.FirstValue } : [n.FirstValue, n.LastValue + 1])
                    .Append(UInt128.Zero)
                    .Distinct()
                    .Order(),
            ];
            _firstAtomOfCut = new int[_cuts.Length + 1];
            for (var i = 0; i < _cuts.Length; i++)
            {
                _firstAtomOfCut[i] = offset + _pods.Count + _outside.Count;
                if (FreeAddress(_cuts[i], i + 1 < _cuts.Length ? _cuts[i + 1] - 1 : last) is { } free)
                {
                    _outside.Add(free);
                }
            }

            End = _firstAtomOfCut[^1] = offset + _pods.Count + _outside.Count;
        }

        public int End { get; }

        public int PodOf(int atom) => atom - _offset < _pods.Count ? _pods[atom - _offset].Pod : -1;

        public IPAddress AddressOf(int atom)
        {
            var index = atom - _offset;
            return Cidr.ToAddress(index < _pods.Count ? _pods[index].Address : _outside[index - _pods.Count], _isIPv6);
        }

        public void AddWithTwins(int atom, List<int> atoms)
        {
            if (_twins.TryGetValue(atom, out var twins))
            {
                atoms.AddRange(twins);
            }
            else
            {
                atoms.Add(atom);
            }
        }

        public IEnumerable<(IPAddress First, IPAddress Last)> StretchesOf(IEnumerable<int> atoms)
        {
            var stretches = new List<(UInt128 First, UInt128 Last)>();
            foreach (var (first, last) in atoms.SelectMany(StretchesOf).Order())
            {
                if (stretches.Count > 0 && first <= stretches[^1].Last + 1)
                {
                    stretches[^1] = (stretches[^1].First, UInt128.Max(stretches[^1].Last, last));
                }
                else
                {
                    stretches.Add((first, last));
                }
            }

            return stretches.Select(s => (Cidr.ToAddress(s.First, _isIPv6), Cidr.ToAddress(s.Last, _isIPv6)));
        }

        public AddressSet Of(Cidr net, AddressSets sets)
        {
            var first = Array.BinarySearch(_cuts, net.FirstValue);
            var end = net.LastValue == UInt128.MaxValue || (!_isIPv6 && net.LastValue == uint.MaxValue)
                ? _cuts.Length
                : Array.BinarySearch(_cuts, net.LastValue + 1);
            if (first < 0 || end < 0)
            {
                throw new InvalidOperationException($"The network {net} was not named when the address space was made.");
            }

            var from = LowerBound(net.FirstValue);
            var to = from;
            while (to < _byAddress.Length && _byAddress[to] <= net.LastValue)
            {
                to++;
            }

            var strangers = sets.Range(_firstAtomOfCut[first], _firstAtomOfCut[end]);
            var pods = to - from == _pods.Count
                ? sets.Range(_offset, _offset + _pods.Count)
                : sets.Of([.. _atomByAddress.AsSpan(from, to - from)]);
            return sets.Union(pods, strangers);
        }

        /// <summary>A Pod's address; or what is left between two bounds when the Pods' addresses are taken out.</summary>
        private IEnumerable<(UInt128 First, UInt128 Last)> StretchesOf(int atom)
        {
            var index = atom - _offset;
            if (index < _pods.Count)
            {
                yield return (_pods[index].Address, _pods[index].Address);
                yield break;
            }

            // Bounds without a free address between them have no atom: the last of those that begin with this one has it.
            var cut = Array.BinarySearch(_firstAtomOfCut, atom);
            cut = cut < 0 ? ~cut - 1 : cut;
            while (_firstAtomOfCut[cut + 1] == atom)
            {
                cut++;
            }

            var (next, last) = (_cuts[cut], cut + 1 < _cuts.Length ? _cuts[cut + 1] - 1 : _last);
            for (var i = LowerBound(next); i < _byAddress.Length && _byAddress[i] <= last; i++)
            {
                if (_byAddress[i] > next)
                {
                    yield return (next, _byAddress[i] - 1);
                }

                if (_byAddress[i] == last)
                {
                    yield break;
                }

                next = _byAddress[i] + 1;
            }

            yield return (next, last);
        }

        private int LowerBound(UInt128 address)
        {
            int low = 0, high = _byAddress.Length;
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _byAddress[middle] < address ? (middle + 1, high) : (low, middle);
            }

            return low;
        }

        /// <summary>An address of a stretch that no Pod has, one for documentation or away from the lower end where there is room;
        /// null when Pods have them all.</summary>
        private UInt128? FreeAddress(UInt128 first, UInt128 last)
        {
            var usual = Cidr.ToValue(Usual[_isIPv6 ? 1 : 0]);
            var candidate = usual >= first && usual <= last ? usual : last - first > 16 ? first + 7 : first;
            for (var i = LowerBound(candidate); i < _byAddress.Length && _byAddress[i] == candidate; i = LowerBound(candidate))
            {
                if (candidate == last)
                {
                    return FirstFree(first, last);
                }

                candidate++;
            }

            return candidate;
        }

        private UInt128? FirstFree(UInt128 first, UInt128 last)
        {
            var candidate = first;
            for (var i = LowerBound(first); i < _byAddress.Length && _byAddress[i] == candidate; i = LowerBound(candidate))
            {
                if (candidate == last)
                {
                    return null;
                }

                candidate++;
            }

            return candidate;
        }
    }
}

/// <summary>A Pod that takes part in a proof.</summary>
/// <param name="Pod">The Pod; a future one has a name that no Pod can have.</param>
/// <param name="IsSynthetic">Whether it does not exist yet, and stands for all future Pods of its labels.</param>
internal sealed record ProofPod(PolicyPod Pod, bool IsSynthetic);
