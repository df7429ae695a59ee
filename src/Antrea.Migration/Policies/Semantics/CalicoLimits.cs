using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Names what has no defined meaning in a Calico policy: what Calico cannot program, programs differently from one dataplane to the
/// next, or takes for a reason to leave the whole policy out.</summary>
/// <remarks>Sources: Calico <c>typha/pkg/validator/v1</c>, <c>libcalico-go/lib/validator/v3</c>, <c>felix/rules</c>, <c>felix/nftables</c>,
/// v3.26 to v3.33.</remarks>
internal static class CalicoLimits
{
    /// <summary>The first release that takes named ports without a protocol.</summary>
    private static readonly ReleaseVersion NamedPortsWithoutProtocol = new(3, 32);

    /// <summary>One text for each, <c>PATH: REASON</c>, in the policy's order; rules of a direction that it does not govern are not looked at.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="version">The version that runs.</param>
    /// <param name="enforcesHttp">Whether something beside Felix may enforce rules' http part.</param>
    public static IEnumerable<string> Check(CalicoPolicy policy, ReleaseVersion version, bool enforcesHttp)
    {
        var ingress = policy.GovernsIngress ? policy.Ingress.Select((r, i) => (Rule: r, Direction.Ingress, i)) : [];
        var egress = policy.GovernsEgress ? policy.Egress.Select((r, i) => (Rule: r, Direction.Egress, i)) : [];
        foreach (var (rule, direction, index) in ingress.Concat(egress))
        {
            var isIngress = direction == Direction.Ingress;
            var path = string.Create(CultureInfo.InvariantCulture, $"spec.{(isIngress ? "ingress" : "egress")}[{index}]");
            var all = CheckProtocol(rule)
                .Concat(CheckIcmp(rule))
                .Concat(enforcesHttp && rule.HasHttp
                    ? ["http: policySyncPathPrefix is set, so an Envoy beside the Pod may enforce it, which is not modelled"]
                    : [])
                .Concat(CheckSide(rule, rule.Source, "source", version))
                .Concat(CheckSide(rule, rule.Destination, "destination", version))
                .Concat(CheckServices(rule.Source, "source", isPeer: isIngress))
                .Concat(CheckServices(rule.Destination, "destination", isPeer: !isIngress));
            foreach (var problem in all)
            {
                yield return $"{path}.{problem}";
            }
        }
    }

    /// <summary>Policies of the whole cluster that the version enforces and that are not modelled, one text for each.</summary>
    public static IEnumerable<string> CheckKinds(ClusterSnapshot snapshot, ReleaseVersion version) => snapshot.Objects
        .Where(o => o.Group == "policy.networking.k8s.io" && o.Kind switch
        {
            "AdminNetworkPolicy" => version >= new ReleaseVersion(3, 29) && version < new ReleaseVersion(3, 32),
            "BaselineAdminNetworkPolicy" => version >= new ReleaseVersion(3, 30) && version < new ReleaseVersion(3, 32),
            _ => version >= new ReleaseVersion(3, 32),
        })
        .Select(o => $"{o}: Calico {version} enforces it, and it is not modelled");

    /// <summary>What policies ask for and the input does not hold: one text for each Namespace whose labels are missing, one where there is no
    /// service account at all, and one where there is no endpoint of any Service.</summary>
    /// <remarks>The names of Namespaces and service accounts are known from the Pods and network sets alone.</remarks>
    /// <param name="set">The policies, and the network sets.</param>
    /// <param name="world">The Pods, and what there is of Namespaces and service accounts.</param>
    /// <param name="selectors">Every selector, those of the policies among them; null for none but these.</param>
    public static IEnumerable<string> CheckInput(CalicoPolicySet set, PolicyWorld world, IEnumerable<SelectorExpression>? selectors = null)
    {
        var namespaces = world.Pods.Select(p => p.Namespace)
            .Concat(set.NetworkSets.Select(s => s.Namespace).Where(n => n.Length > 0))
            .Distinct(StringComparer.Ordinal)
            .Where(n => !world.Namespaces.ContainsKey(n))
            .ToList();
        var lacksAccounts = world.ServiceAccounts.IsEmpty && world.Pods.Any(p => p.ServiceAccount.Length > 0);
        var asksServices = set.Policies.SelectMany(p => p.Policy.Ingress.Concat(p.Policy.Egress))
            .Any(r => r.Source.Services is { Namespace.Length: > 0 } || r.Destination.Services is { Namespace.Length: > 0 });
        IEnumerable<string> lacking = asksServices && world.Services.All(s => s.Addresses.IsEmpty)
            ? ["EndpointSlice: rules ask for endpoints of Services, and none is in the input"]
            : [];
        if (namespaces.Count == 0 && !lacksAccounts)
        {
            return lacking;
        }

        var keys = (selectors ?? set.Policies.Select(p => p.Policy)
                .Concat(set.KubernetesPolicies.Select(k => CalicoKubernetesPolicy.Of(k.Policy)))
                .SelectMany(Selectors))
            .SelectMany(s => s.Keys())
            .ToHashSet(StringComparer.Ordinal);
        var asksNamespaces = keys.Any(k => AsksFor(k, CalicoLabels.NamespacePrefix) && k != CalicoLabels.NamespacePrefix + PolicyWorld.NamespaceNameLabel);
        var asksAccounts = keys.Any(k => AsksFor(k, CalicoLabels.ServiceAccountPrefix));
        return (asksNamespaces ? namespaces.Select(n => $"Namespace/{n}: selectors ask for its labels, and it is not in the input") : [])
            .Concat(asksAccounts && lacksAccounts ? ["ServiceAccount: selectors ask for labels of service accounts, and none is in the input"] : [])
            .Concat(lacking);

        static bool AsksFor(string key, string prefix) => key.StartsWith(prefix, StringComparison.Ordinal) && key != prefix + CalicoLabels.NameKey;
    }

    private static IEnumerable<SelectorExpression> Selectors(CalicoPolicy policy) =>
        policy.Ingress.Concat(policy.Egress)
            .SelectMany(r => new[] { r.Source, r.Destination })
            .Select(e => CalicoScope.Side(e, policy.Namespace))
            .SelectMany(s => new[] { s.Positive, s.Negative })
            .OfType<SelectorExpression>()
            .Prepend(CalicoScope.Subject(policy));

    private static IEnumerable<string> CheckProtocol(CalicoRule rule)
    {
        if (rule.Protocol is { Number: 0 } protocol)
        {
            yield return $"protocol: Calico does not know '{protocol}'";
        }

        if (rule.NotProtocol is { Number: 0 } notProtocol)
        {
            yield return $"notProtocol: Calico does not know '{notProtocol}'";
        }
    }

    private static IEnumerable<string> CheckIcmp(CalicoRule rule)
    {
        var isIcmp = rule.Protocol is { Number: 1 or 58 };
        foreach (var (icmp, field) in new[] { (rule.Icmp, "icmp"), (rule.NotIcmp, "notICMP") })
        {
            if (icmp is { Type: null, Code: not null })
            {
                yield return $"{field}.code: a code needs a type";
            }

            if (icmp is not (null or { Type: null }) && !isIcmp)
            {
                yield return $"{field}: without protocol ICMP or ICMPv6 its meaning is not defined";
            }
        }

        if (rule.NotIcmp is { Type: not null, Code: not null })
        {
            yield return "notICMP: with a type and a code, iptables excludes that one message, nftables every message of the type or of the code";
        }
    }

    private static IEnumerable<string> CheckSide(CalicoRule rule, CalicoEntity entity, string side, ReleaseVersion version)
    {
        foreach (var (nets, field) in new[] { (entity.Nets, "nets"), (entity.NotNets, "notNets") })
        {
            for (var i = 0; i < nets.Length; i++)
            {
                if (!CalicoNet.TryParse(nets[i], out _))
                {
                    yield return string.Create(
                        CultureInfo.InvariantCulture, $"{side}.{field}[{i}]: '{nets[i]}' is no network, and Calico's releases disagree about what is left");
                }
            }
        }

        foreach (var (ports, field) in new[] { (entity.Ports, "ports"), (entity.NotPorts, "notPorts") })
        {
            var hasPorts = rule.Protocol is { } protocol
                ? new IPProtocol(protocol.Number).HasPorts
                : version >= NamedPortsWithoutProtocol && ports.All(p => p.Name is not null);
            if (ports.Length > 0 && !hasPorts)
            {
                yield return $"{side}.{field}: ports without protocol TCP, UDP or SCTP; Calico {version} leaves the whole policy out";
            }
        }
    }

    private static IEnumerable<string> CheckServices(CalicoEntity entity, string side, bool isPeer)
    {
        if (entity.Services is not { } services)
        {
            yield break;
        }

        if (!isPeer)
        {
            yield return $"{side}.services: a Service may be named only at the other end";
        }

        if (services.Name.Length == 0)
        {
            yield return $"{side}.services.name: is missing";
        }

        var hasLabels = entity.Selector is not null || entity.NotSelector is not null || entity.NamespaceSelector is not null || entity.ServiceAccounts is not null;
        var hasPorts = side == "destination" && (!entity.Ports.IsEmpty || !entity.NotPorts.IsEmpty);
        if (hasLabels || hasPorts || !entity.Nets.IsEmpty || !entity.NotNets.IsEmpty)
        {
            yield return $"{side}.services: Calico takes a Service alone, without selectors and networks, and without ports for a destination";
        }
    }
}
