using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Puts flows that the comparison found to both evaluators, which explain their verdicts.</summary>
/// <remarks>The evaluators know only the Pods that take part in the flow: nobody else has these addresses.</remarks>
internal sealed class CounterExampleCheck(ProofSpace space, CalicoPolicySet calico, AntreaPolicySet antrea)
{
    /// <summary>The flow with both verdicts, whether they differ or not.</summary>
    public PolicyCounterExample Ask(SubjectClass subject, FlowWitness witness)
    {
        var addresses = space.Addresses;
        var own = new TrafficEndpoint(addresses.AddressOf(subject.Atom), space.World.Pods[subject.Pod]);
        var other = Other(subject, witness);
        var service = witness.Service;
        var (source, destination) = subject.Direction == Direction.Ingress ? (other, own) : (own, other);
        var traffic = new Traffic(
            source, destination, new IPProtocol(service.Protocol), service.IsIcmp ? 0 : service.From, service.IsIcmp ? 0 : service.To)
        {
            Icmp = service.IsIcmp ? new IcmpMessage((byte)service.To, (byte)service.From) : null,
        };
        var world = WorldOf(own, other);
        return new PolicyCounterExample(
            traffic,
            subject.Direction,
            new CalicoEvaluator(calico, world).Evaluate(traffic, subject.Direction),
            new AntreaEvaluator(antrea, calico.KubernetesPolicies.Select(k => k.Policy), world).Evaluate(traffic, subject.Direction))
        {
            IsFuture = new[] { subject.Pod, addresses.PodOf(witness.Atom) }.Any(p => p >= 0 && addresses.Pods[p].IsSynthetic),
        };
    }

    /// <summary>The policies without those rules and policies that nobody can judge: the flows that are asked about never get to them.</summary>
    public static AntreaPolicySet WithoutUndecidable(AntreaPolicySet set) => set with
    {
        Policies = [.. set.Policies.Select(p => WithoutUndecidable(p, AntreaUndecidable.Of(p, set)))],
    };

    private static AntreaPolicy WithoutUndecidable(AntreaPolicy policy, ImmutableArray<UndecidableField> fields)
    {
        return fields.IsEmpty ? policy
            : fields.Any(f => f.Path.StartsWith("spec.appliedTo", StringComparison.Ordinal)) ? policy with { Ingress = [], Egress = [], AppliedTo = [] }
            : policy with { Ingress = Without(policy.Ingress, "ingress"), Egress = Without(policy.Egress, "egress") };

        ImmutableArray<AntreaRule> Without(ImmutableArray<AntreaRule> rules, string direction) =>
        [
            .. rules.Select((rule, i) => fields.Any(f => f.Path.StartsWith($"spec.{direction}[{i}]", StringComparison.Ordinal))
                ? new AntreaRule(rule.Name, rule.Action, [new AntreaPeer(null, null, null) { Group = "" }], [])
                : rule),
        ];
    }

    private TrafficEndpoint Other(SubjectClass subject, FlowWitness witness)
    {
        var address = space.Addresses.AddressOf(witness.Atom);
        var place = space.Addresses.PodOf(witness.Atom);
        if (place < 0)
        {
            return new TrafficEndpoint(address);
        }

        // All future Pods have one address per place; the second of two takes the next one, and a Pod like the first another name.
        var pod = space.World.Pods[place];
        if (space.Addresses.Pods[place].IsSynthetic && space.Addresses.Pods[subject.Pod].IsSynthetic)
        {
            address = Next(address);
            pod = pod with { Addresses = [.. pod.Addresses.Select(Next)], Name = place == subject.Pod ? $"{pod.Name}, another" : pod.Name };
        }

        return new TrafficEndpoint(address, pod);
    }

    private static IPAddress Next(IPAddress address) =>
        Cidr.ToAddress(Cidr.ToValue(address) + 1, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6);

    private PolicyWorld WorldOf(TrafficEndpoint own, TrafficEndpoint other)
    {
        var pods = new[] { own.Pod, other.Pod }.OfType<PolicyPod>()
            .Concat(space.World.Pods.Where((p, i) => !space.Addresses.Pods[i].IsSynthetic
                && (p.Addresses.Contains(own.Address) || p.Addresses.Contains(other.Address))))
            .DistinctBy(p => (p.Namespace, p.Name));
        return new PolicyWorld([.. pods], space.World.Namespaces)
        {
            Nodes = space.World.Nodes,
            Services = space.World.Services,
            ServiceAccounts = space.World.ServiceAccounts,
        };
    }
}
