using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Compiles one rule of a Calico policy at a time.</summary>
/// <remarks>What can never match is found first: a rule that no packet satisfies is left out, whatever else it asks that Antrea lacks.</remarks>
internal sealed class RuleCompiler(RuleContext context)
{
    private readonly PeerConversion _peers = new(context);
    private readonly SubjectConversion _subjects = new(context);
    private readonly ServiceConversion _services = new(context);
    private readonly PortConversion _ports = new(context);
    private readonly NetworkPlacement _placement = new(context);

    /// <summary>The alternatives of a rule, in Antrea's words; none when it never matches, or when a finding refuses it.</summary>
    /// <param name="policy">The policy; its Namespace scopes the rule's selectors.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="direction">The list that it is in.</param>
    /// <param name="index">Its place there, from 0.</param>
    /// <param name="findings">Gets what there is to say; each path begins with <see cref="SupportedFeatures.PathOf"/>.</param>
    public ImmutableArray<RuleMatch> Compile(
        CalicoPolicy policy, CalicoRule rule, Direction direction, int index, ICollection<PolicyFinding> findings)
    {
        var path = SupportedFeatures.PathOf(direction, index);
        var faults = RuleFeatures.Check(rule, direction, index, context.CalicoVersion).ToList();
        var source = RuleNetworks.Read(rule.Source, $"{path}.source", faults);
        var destination = RuleNetworks.Read(rule.Destination, $"{path}.destination", faults);
        var run = new Run(path);
        if (rule.HasHttp)
        {
            run.Add(context.EnforcesHttp
                ? PolicyCode.Http.At($"{path}.http", "policySyncPathPrefix is set, so an Envoy beside the Pods may enforce it")
                : PolicyCode.HttpIgnored.At($"{path}.http", "Felix ignores http: the rule matches whatever else it asks for"));
        }

        var matches = Compile(policy, rule, direction, source, destination, run);

        // A rule that Calico does not take as one is refused, even where it could never match.
        foreach (var finding in faults.Count > 0 ? [.. faults, .. run.Refusals] : run.Findings)
        {
            findings.Add(finding);
        }

        return faults.Count > 0 || run.IsRefused ? [] : matches;
    }

    private ImmutableArray<RuleMatch> Compile(
        CalicoPolicy policy, CalicoRule rule, Direction direction, RuleNetworks source, RuleNetworks destination, Run run)
    {
        var families = context.Families.Where(isIPv6 =>
            (rule.IPVersion ?? (isIPv6 ? 6 : 4)) == (isIPv6 ? 6 : 4)
            && ProtocolMatch.AppliesTo(rule, isIPv6)
            && source.AppliesTo(isIPv6)
            && destination.AppliesTo(isIPv6));
        if (families.IsNone)
        {
            return run.Never(run.Path, $"the rule applies to no address of the cluster's family, {context.Families}");
        }

        var isIngress = direction == Direction.Ingress;
        var (peer, peerNets, peerPath) = isIngress ? (rule.Source, source, $"{run.Path}.source") : (rule.Destination, destination, $"{run.Path}.destination");
        var (own, ownNets, ownPath) = isIngress ? (rule.Destination, destination, $"{run.Path}.destination") : (rule.Source, source, $"{run.Path}.source");
        var protocol = run.Stage(f => ProtocolMatch.Read(rule, run.Path, f), $"{run.Path}.notProtocol", "the rule excludes the protocol it asks for");
        var subjects = run.Stage(
            f => _subjects.Convert(own, ownNets, policy, families, ownPath, f),
            ownPath,
            "none of the policy's Pods can satisfy the rule");
        IReadOnlyList<ServicePeers>? sides = null;
        if (peer.Services is { } reference)
        {
            sides = run.Stage(
                f => _services.Convert(reference, !isIngress, protocol ?? new ProtocolMatch(), families, $"{peerPath}.services", f),
                $"{peerPath}.services",
                reference.Namespace.Length == 0
                    ? "Calico finds no Service without a namespace, not even in the policy's own, so the rule never matches"
                    : "the Service has no endpoints now, so the rule does not match");
        }
        else if (run.Stage(
            f => _peers.Convert(peer, peerNets, policy, families, peerPath, f) is { IsNothing: false } p ? p : null,
            peerPath,
            "no address can satisfy what the rule asks of its other side") is { } peers)
        {
            sides = [new ServicePeers(peers, null)];
        }

        // Where the other side is refused, the ports are looked at all the same: what is wrong is said at once.
        var matches = ImmutableArray.CreateBuilder<RuleMatch>();
        foreach (var (before, ports) in sides ?? [new ServicePeers(PeerSet.Anything, null)])
        {
            if (run.IsNever || run.Stage(f => _placement.Place(before, direction, peerPath, f), peerPath, "") is not { } peers)
            {
                continue;
            }

            var portMatch = ports is not null ? new PortMatch(ports.Value, [])
                : protocol is null ? null
                : run.Stage(
                    f => _ports.Convert(rule, protocol, policy, direction, peers, run.Path, f), $"{run.Path}.destination.ports", "no port satisfies the rule");
            if (sides is not null && protocol is not null && portMatch is not null && subjects is not null)
            {
                run.CheckIcmp(protocol, peers, context);
                matches.AddRange(Matches(peers, portMatch, protocol, subjects, isIngress));
            }
        }

        return run.IsNever ? [] : matches.ToImmutable();
    }

    /// <summary>One match, or two where named ports are those of fewer Pods, or must stand beside Pods alone.</summary>
    private static IEnumerable<RuleMatch> Matches(PeerSet peers, PortMatch ports, ProtocolMatch protocol, SubjectSet subjects, bool isIngress)
    {
        var all = new RuleMatch { Subjects = subjects.Terms, Peers = peers.ToPeers() };
        var isTogether = isIngress ? subjects.NamedPortTerms is null : peers.Networks.IsEmpty && !peers.IsAnything;
        if (ports.Named.IsEmpty || isTogether)
        {
            yield return all with { Ports = [.. ports.Numbered, .. ports.Named], Protocols = protocol.Icmp is null ? [] : [protocol.Icmp] };
            yield break;
        }

        if (!ports.Numbered.IsEmpty)
        {
            yield return all with { Ports = ports.Numbered };
        }

        if (!isIngress)
        {
            yield return all with { Ports = ports.Named, Peers = [.. peers.NamedPortTerms.Select(t => new RulePeer.Pods(t))] };
        }
        else if (subjects.NamedPortTerms is { IsEmpty: false } declaring)
        {
            yield return all with { Ports = ports.Named, Subjects = declaring };
        }
    }

    /// <summary>One compilation: what its stages say, and whether the rule turned out to match nothing.</summary>
    private sealed class Run(string path)
    {
        private readonly List<PolicyFinding> _findings = [];

        public string Path => path;

        public bool IsNever { get; private set; }

        public bool IsRefused => !IsNever && Refusals.Any();

        public IReadOnlyList<PolicyFinding> Findings => _findings;

        public IEnumerable<PolicyFinding> Refusals => _findings.Where(f => f.Severity == Severity.Blocker);

        public void Add(PolicyFinding finding) => _findings.Add(finding);

        /// <summary>Runs a stage; when it gives nothing and refuses nothing, the rule never matches.</summary>
        public T? Stage<T>(Func<ICollection<PolicyFinding>, T?> convert, string at, string never)
            where T : class
        {
            if (IsNever)
            {
                return null;
            }

            var own = new List<PolicyFinding>();
            var result = convert(own);
            if (result is null && own.TrueForAll(f => f.Severity != Severity.Blocker))
            {
                // What other stages refuse does not matter any more, nor what they wrote out.
                _findings.Clear();
                _findings.AddRange(own);
                Never(at, never);
                return null;
            }

            if (own.Count > 0)
            {
                _findings.AddRange(own.Where(f => !_findings.Contains(f)));
            }

            return result;
        }

        public ImmutableArray<RuleMatch> Never(string at, string message)
        {
            IsNever = true;
            _findings.Add(PolicyCode.NeverMatches.At(at, message));
            return [];
        }

        /// <summary>Antrea's ICMP is both families'; only where one of them can come is it equal.</summary>
        public void CheckIcmp(ProtocolMatch protocol, PeerSet peers, RuleContext context)
        {
            if (protocol.Icmp is null)
            {
                return;
            }

            var families = peers.IsAnything || !peers.Terms.IsEmpty
                ? context.Families
                : new AddressFamilies(peers.Networks.Any(n => !n.Net.IsIPv6), peers.Networks.Any(n => n.Net.IsIPv6));
            if (families.HasIPv4 == protocol.IsIcmpV6 || families.HasIPv6 != protocol.IsIcmpV6)
            {
                _findings.Add(PolicyCode.Icmp.At(
                    $"{path}.protocol", $"{(protocol.IsIcmpV6 ? "ICMPv6" : "ICMP")} between addresses of {families}: Antrea's match covers ICMP and ICMPv6"));
            }
        }
    }
}
