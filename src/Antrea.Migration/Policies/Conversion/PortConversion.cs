using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What a rule asks of ports, in Antrea's words.</summary>
/// <param name="Numbered">Entries by number, or of a whole protocol.</param>
/// <param name="Named">Entries by name.</param>
internal sealed record PortMatch(ImmutableArray<AntreaPort> Numbered, ImmutableArray<AntreaPort> Named);

/// <summary>Ports. Calico asks for protocol AND one of the source ports AND one of the destination ports; an Antrea entry holds
/// one of each, so the lists are multiplied out.</summary>
/// <remarks>
/// A name in Calico is every number that the Pod at that end declares by it, from v3.30 on in init containers too; in Antrea it is the first that a
/// container declares. They are the same where each Pod declares a name once. A name beside networks makes Antrea's agent fail in egress, so
/// there it stands beside Pods only.
/// Sources: Calico <c>felix/rules/policy.go</c>, <c>libcalico-go/lib/backend/k8s/conversion</c>; Antrea <c>NetworkPolicyPort</c> in
/// <c>pkg/apis/crd/v1beta1/types.go</c>, <c>pkg/agent/controller/networkpolicy</c>, <c>pkg/agent/openflow/network_policy.go</c>.
/// </remarks>
internal sealed class PortConversion(RuleContext context)
{
    /// <summary>How many entries the ports of one rule may come to.</summary>
    public const int MaxEntries = 1024;

    private static readonly ReleaseVersion WithInitContainers = new(3, 30);

    private static readonly string[] ProtocolsWithPorts = ["TCP", "UDP", "SCTP"];

    /// <summary>The ports; null when no port satisfies the rule, or when a finding refuses.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="policy">The policy; in ingress its Pods declare the names.</param>
    /// <param name="direction">The rule's direction.</param>
    /// <param name="peers">The other side; in egress its Pods declare the names.</param>
    /// <param name="path">The rule's path.</param>
    /// <param name="findings">Gets what there is to say.</param>
    public PortMatch? Convert(
        CalicoRule rule,
        ProtocolMatch protocol,
        CalicoPolicy policy,
        Direction direction,
        PeerSet peers,
        string path,
        ICollection<PolicyFinding> findings)
    {
        if (protocol.Icmp is not null)
        {
            return new PortMatch([], []);
        }

        var isIngress = direction == Direction.Ingress;
        var to = PortRanges.Of(rule.Destination);
        var from = PortRanges.Of(rule.Source);
        var names = Names(rule.Destination.Ports);
        var sourceNames = Names(rule.Source.Ports);

        // A peer that is no Pod declares no names; what does not match need not be said.
        var peersDeclare = !peers.NamedPortTerms.IsEmpty;
        names = isIngress || peersDeclare ? names : [];
        sourceNames = !isIngress || peersDeclare ? sourceNames : [];
        var isOpen = protocol.WithPorts is null && rule.Destination.Ports.IsEmpty && rule.Source.Ports.IsEmpty;
        if ((to.IsNothing && names.IsEmpty) || (from.IsNothing && sourceNames.IsEmpty))
        {
            return null;
        }

        foreach (var (side, field, declare) in new[]
        {
            (rule.Destination, "destination.notPorts", isIngress || peersDeclare), (rule.Source, "source.notPorts", !isIngress || peersDeclare),
        })
        {
            if (declare && Names(side.NotPorts) is { IsEmpty: false } excluded)
            {
                findings.Add(PolicyCode.NamedPort.At($"{path}.{field}", $"every port but the one that Pods call '{excluded[0]}': Antrea has no such match"));
                return null;
            }
        }

        if (!sourceNames.IsEmpty)
        {
            findings.Add(PolicyCode.NamedPort.At($"{path}.source.ports", $"the source port that Pods call '{sourceNames[0]}': Antrea knows names of destination ports only"));
            return null;
        }

        var protocols = protocol.WithPorts is { } one ? [one] : isOpen ? [] : ProtocolsWithPorts;
        if (!from.IsAny && protocols.Contains("SCTP"))
        {
            findings.Add(PolicyCode.SctpSourcePort.At($"{path}.source.ports", "Antrea does not look at SCTP source ports"));
            return null;
        }

        if (!names.IsEmpty && !isIngress && !peers.Networks.IsEmpty && context.Families.IsDualStack)
        {
            findings.Add(PolicyCode.NamedPort.At(
                $"{path}.destination.ports", $"the port that Pods call '{names[0]}', at networks of some family: Antrea takes Pods with all of their addresses"));
            return null;
        }

        if (!names.IsEmpty && !CheckNames(rule, names, protocols, isIngress ? SubjectPods(policy) : PeerPods(peers), from, path, findings))
        {
            return null;
        }

        if ((long)to.OrAny().Count() * from.OrAny().Count() * protocols.Length > MaxEntries)
        {
            findings.Add(PolicyCode.RuleTooWide.At($"{path}.destination.ports", $"source and destination ports have more than {MaxEntries} combinations"));
            return null;
        }

        return new PortMatch(
            [
                .. from p in protocols
                   from destination in to.OrAny()
                   from source in @from.OrAny()
                   select new AntreaPort(p, destination?.First, End(destination), source?.First, End(source)),
            ],
            [.. from p in protocols from name in names select new AntreaPort(p, null, null, null, null) { Name = name }]);
    }

    /// <summary>Whether Pods declare some names so that Calico and Antrea read them alike; a finding says so, or why not.</summary>
    private bool CheckNames(
        CalicoRule rule,
        ImmutableArray<string> names,
        string[] protocols,
        IEnumerable<PolicyPod> pods,
        PortRanges source,
        string path,
        ICollection<PolicyFinding> findings)
    {
        var at = $"{path}.destination.ports";
        if (!source.IsAny || rule.Destination.NotPorts.Any(p => p.Name is null))
        {
            findings.Add(PolicyCode.NamedPort.At(at, $"the port that Pods call '{names[0]}' together with source ports, or without some numbers: Antrea has no such match"));
            return false;
        }

        if (context.Sets.DeclaredByHostEndpoint(names) is { } endpoint)
        {
            findings.Add(PolicyCode.NamedPort.At(at, $"{endpoint} declares such a port, and Antrea looks for names in Pods only"));
            return false;
        }

        var countsInit = context.CalicoVersion >= WithInitContainers;
        foreach (var pod in pods)
        {
            foreach (var (name, protocol) in names.SelectMany(_ => protocols, (n, p) => (n, p)))
            {
                var declared = Numbers(pod.NamedPorts, name, protocol);
                var counted = countsInit ? declared.Union(Numbers(pod.InitNamedPorts, name, protocol)).ToList() : declared;
                if (counted.Count > 1 || counted.Count != declared.Count)
                {
                    findings.Add(PolicyCode.NamedPort.At(
                        at, $"Pod {pod} declares '{name}' in an init container, or more than once; Calico takes all of its numbers, Antrea one of a container"));
                    return false;
                }
            }
        }

        findings.Add(PolicyCode.NamedPortFrozen.At(at, $"each Pod declares {string.Join(", ", names.Select(n => $"'{n}'"))} at most once now, and in no init container"));
        return true;
    }

    private static List<int> Numbers(IEnumerable<NamedPort> ports, string name, string protocol) =>
        [.. ports.Where(p => p.Name == name && p.Protocol == protocol).Select(p => p.Number).Distinct()];

    private IEnumerable<PolicyPod> SubjectPods(CalicoPolicy policy) =>
        context.Selectors.PodsOf(context.Selectors.Compile(CalicoScope.Subject(policy)).Terms);

    private IEnumerable<PolicyPod> PeerPods(PeerSet peers) => context.Selectors.PodsOf(peers.NamedPortTerms);

    private static ImmutableArray<string> Names(ImmutableArray<CalicoPort> ports) => [.. ports.Select(p => p.Name).OfType<string>().Distinct()];

    private static int? End((int First, int Last)? range) => range is { } r && r.Last > r.First ? r.Last : null;
}
