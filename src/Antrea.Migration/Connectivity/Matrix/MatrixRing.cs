using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Antrea.Migration.Connectivity;

/// <summary>Samples a matrix so that its size grows with the Nodes and not with their square.</summary>
/// <remarks>
/// <para>The Nodes stand on a circle, each where a hash of its name and the seed puts it, and connect to the next k of them, and once to
/// themselves: every Node sends to k others and takes from k others. Which Pods do so is chosen by a hash of their workload, as
/// names change. A Node more or less changes the pairs of its neighbours only, so samples of one seed can be compared over time.</para>
/// <para>What the circle happens to miss is added, one pair each: every pair of Node classes (on one Node and between two), and every Pod class
/// as a sender and as a receiver, as far as there are such pairs at all.</para>
/// </remarks>
internal sealed class MatrixRing
{
    private readonly int _seed;
    private readonly string[] _nodes;
    private readonly ILookup<string, MatrixEndpoint> _senders;
    private readonly ILookup<string, MatrixEndpoint> _receivers;
    private readonly ImmutableArray<MatrixEndpoint> _endpoints;
    private readonly HashSet<MatrixPair> _sample = [];

    public MatrixRing(ImmutableArray<MatrixEndpoint> endpoints, int seed)
    {
        _seed = seed;
        _endpoints = endpoints;
        _nodes = [.. endpoints.Select(e => e.Node).Distinct().OrderBy(Hash).ThenBy(n => n, StringComparer.Ordinal)];
        _senders = endpoints.Where(e => e.CanSend).ToLookup(e => e.Node, StringComparer.Ordinal);
        _receivers = endpoints.Where(e => !e.Ports.IsEmpty).ToLookup(e => e.Node, StringComparer.Ordinal);
    }

    public ImmutableArray<MatrixPair> Sample(int neighbours)
    {
        var most = Math.Min(neighbours, _nodes.Length - 1);
        for (var i = 0; i < _nodes.Length; i++)
        {
            for (var step = 0; step <= most; step++)
            {
                Add(Candidates(_nodes[i], _nodes[(i + step) % _nodes.Length]));
            }
        }

        CoverNodeClasses();
        CoverPodClasses();
        var order = _endpoints.Select((e, i) => (e.Name, i)).ToDictionary(p => p.Name, p => p.i, StringComparer.Ordinal);
        return [.. _sample.OrderBy(p => order[p.Source.Name]).ThenBy(p => order[p.Destination.Name]).ThenBy(p => p.Port)];
    }

    private void CoverNodeClasses()
    {
        var classOf = _endpoints.DistinctBy(e => e.Node).ToDictionary(e => e.Node, e => e.NodeClass, StringComparer.Ordinal);
        var covered = _sample.Select(p => (p.Source.NodeClass, p.Destination.NodeClass, p.Source.Node == p.Destination.Node)).ToHashSet();
        var classes = _nodes.ToLookup(n => classOf[n], StringComparer.Ordinal);
        foreach (var from in classes)
        {
            foreach (var to in classes)
            {
                foreach (var isSame in (bool[])[true, false])
                {
                    if (!covered.Contains((from.Key, to.Key, isSame)))
                    {
                        var pairs = from a in @from from b in to where (a == b) == isSame select Candidates(a, b);
                        Add(pairs.FirstOrDefault(c => c.Any()) ?? []);
                    }
                }
            }
        }
    }

    private void CoverPodClasses()
    {
        var sending = _sample.Select(p => p.Source.PodClass).ToHashSet(StringComparer.Ordinal);
        foreach (var members in _endpoints.Where(e => e.CanSend && !sending.Contains(e.PodClass)).GroupBy(e => e.PodClass).ToList())
        {
            Add(Pairs(members, _endpoints.Where(e => !e.Ports.IsEmpty)));
        }

        var receiving = _sample.Select(p => p.Destination.PodClass).ToHashSet(StringComparer.Ordinal);
        foreach (var members in _endpoints.Where(e => !e.Ports.IsEmpty && !receiving.Contains(e.PodClass)).GroupBy(e => e.PodClass).ToList())
        {
            Add(Pairs(_endpoints.Where(e => e.CanSend), members));
        }
    }

    /// <summary>The connections between Pods of two Nodes, the one to take first.</summary>
    private IEnumerable<MatrixPair> Candidates(string from, string to) =>
        _senders.Contains(from) && _receivers.Contains(to) ? Pairs(_senders[from], _receivers[to]) : [];

    private IEnumerable<MatrixPair> Pairs(IEnumerable<MatrixEndpoint> senders, IEnumerable<MatrixEndpoint> receivers)
    {
        var ends = InTurn(receivers).ToList();
        return InTurn(senders).SelectMany(_ => ends, (s, r) => (s, r))
            .Where(p => MatrixPairs.AreAPair(p.s, p.r))
            .SelectMany(p => MatrixPairs.Between(p.s, p.r));
    }

    private IEnumerable<MatrixEndpoint> InTurn(IEnumerable<MatrixEndpoint> endpoints) =>
        endpoints.OrderBy(e => Hash($"{e.Workload}@{e.Node}")).ThenBy(e => e.Name, StringComparer.Ordinal);

    /// <summary>The first pair of Pods, with all the ports it is about: an open port says little about a closed one.</summary>
    private void Add(IEnumerable<MatrixPair> candidates)
    {
        MatrixPair? first = null;
        foreach (var pair in candidates)
        {
            first ??= pair;
            if (pair.Source != first.Source || pair.Destination != first.Destination)
            {
                return;
            }

            _sample.Add(pair);
        }
    }

    private ulong Hash(string text) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{_seed}/{text}")));
}
