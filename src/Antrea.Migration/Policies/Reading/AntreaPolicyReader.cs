using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads ClusterNetworkPolicies and NetworkPolicies of <c>crd.antrea.io/v1beta1</c> as the API server of one Antrea release stores them.</summary>
/// <remarks>
/// What the server would drop, and what the controller would read as something else than it says, is an error: both widen a policy in silence.
/// Source: Antrea v1.14 to v2.7, <c>pkg/apis/crd/v1beta1/types.go</c>, <c>pkg/controller/networkpolicy/mutate.go</c>.
/// </remarks>
internal static class AntreaPolicyReader
{
    /// <summary>The tier names of Antrea 0.x, which the controller still takes in their old spelling.</summary>
    private static readonly string[] OldTierNames = ["Emergency", "SecurityOps", "NetworkOps", "Platform", "Application", "Baseline"];

    /// <summary>The policy, as the newest release that is known reads it.</summary>
    /// <exception cref="InputException">A field is malformed, misread or not known; all are named.</exception>
    public static AntreaPolicy ReadPolicy(ClusterObject obj) => ReadPolicy(obj, AntreaSchema.Newest);

    /// <summary>The policy.</summary>
    /// <exception cref="InputException">A field is malformed, misread or not known to the release; all are named.</exception>
    public static AntreaPolicy ReadPolicy(ClusterObject obj, ReleaseVersion version)
    {
        var findings = new List<PolicyFinding>();
        var policy = Read(obj, version, findings);
        ThrowIfAny(obj, findings);
        return policy;
    }

    /// <summary>The tier.</summary>
    /// <exception cref="InputException">It has no priority from 0 to 255, or a field that is not known.</exception>
    public static AntreaTier ReadTier(ClusterObject obj)
    {
        var findings = new List<PolicyFinding>();
        var tier = AntreaGroupReader.ReadTier(obj, findings);
        ThrowIfAny(obj, findings);
        return tier;
    }

    /// <summary>The policy as far as it can be read; what is wrong with it goes to <paramref name="findings"/>.</summary>
    public static AntreaPolicy Read(ClusterObject obj, ReleaseVersion version, ICollection<PolicyFinding> findings)
    {
        var isCluster = obj.Kind == "ClusterNetworkPolicy";
        if (isCluster != (obj.Namespace.Length == 0))
        {
            findings.Add(PolicyCode.MalformedField.At("metadata.namespace", isCluster ? "a ClusterNetworkPolicy has none" : "a NetworkPolicy needs one"));
        }

        var spec = SpecOf(obj, findings);
        AntreaSchema.Check(spec, AntreaPlace.PolicySpec, version, findings);
        var peers = new AntreaPeerReader(isCluster, version, findings);
        var priority = spec.Number("priority");
        if (priority is not (>= 1 and <= 10000))
        {
            spec.Malformed("priority", "a number from 1 to 10000");
        }

        return new AntreaPolicy
        {
            Namespace = isCluster ? "" : obj.Namespace,
            Name = obj.Name,
            Tier = TierOf(spec.Text("tier")),
            Priority = priority ?? double.NaN,
            AppliedTo = peers.ReadAll(spec, "appliedTo", isCluster ? AntreaPlace.ClusterAppliedTo : AntreaPlace.AppliedTo),
            Ingress = ReadRules(spec, Direction.Ingress, peers, version, findings),
            Egress = ReadRules(spec, Direction.Egress, peers, version, findings),
        };
    }

    /// <summary>The reader of <c>spec</c>; an empty one, and a finding, when there is none.</summary>
    public static FieldReader SpecOf(ClusterObject obj, ICollection<PolicyFinding> findings)
    {
        if (obj.ApiVersion != AntreaPolicyJson.ApiVersion)
        {
            findings.Add(PolicyCode.MalformedField.At("apiVersion", $"must be {AntreaPolicyJson.ApiVersion}, the only version whose fields are known here"));
        }

        return new FieldReader(obj.Json, "", findings).Object("spec") ?? new FieldReader([], "spec", findings);
    }

    /// <summary>The errors of an object.</summary>
    public static IEnumerable<InputError> ErrorsOf(ClusterObject obj, IEnumerable<PolicyFinding> findings) =>
        findings.Select(f => InputError.In(obj, f.Message, f.Path));

    private static void ThrowIfAny(ClusterObject obj, List<PolicyFinding> findings)
    {
        if (findings.Count > 0)
        {
            throw new InputException(ErrorsOf(obj, findings));
        }
    }

    private static string TierOf(string? tier) =>
        string.IsNullOrEmpty(tier) ? AntreaTier.Application
        : OldTierNames.Contains(tier) ? tier.ToLowerInvariant()
        : tier;

    private static ImmutableArray<AntreaRule> ReadRules(
        FieldReader spec, Direction direction, AntreaPeerReader peers, ReleaseVersion version, ICollection<PolicyFinding> findings)
    {
        var isIngress = direction == Direction.Ingress;
        var place = isIngress ? AntreaPlace.IngressRule : AntreaPlace.EgressRule;
        var (peerPlace, subjectPlace) = (peers.IsCluster, isIngress) switch
        {
            (true, true) => (AntreaPlace.ClusterFrom, AntreaPlace.ClusterIngressAppliedTo),
            (true, false) => (AntreaPlace.ClusterTo, AntreaPlace.ClusterEgressAppliedTo),
            (false, true) => (AntreaPlace.From, AntreaPlace.RuleAppliedTo),
            (false, false) => (AntreaPlace.To, AntreaPlace.RuleAppliedTo),
        };
        var rules = ImmutableArray.CreateBuilder<AntreaRule>();
        foreach (var rule in spec.Objects(isIngress ? "ingress" : "egress"))
        {
            AntreaSchema.Check(rule, place, version, findings);
            CheckLogging(rule);
            var services = new AntreaServiceMatchReader(direction, version, findings);
            rules.Add(new AntreaRule(
                rule.Text("name") ?? "",
                ReadAction(rule),
                peers.ReadAll(rule, isIngress ? "from" : "to", peerPlace),
                services.ReadPorts(rule))
            {
                Protocols = services.ReadProtocols(rule),
                HasLayer7 = services.ReadLayer7(rule),
                AppliedTo = peers.ReadAll(rule, "appliedTo", subjectPlace),
                ToServices = isIngress ? [] : peers.ReadToServices(rule),
            });
        }

        return rules.ToImmutable();
    }

    private static AntreaAction ReadAction(FieldReader rule)
    {
        switch (rule.Text("action"))
        {
            case "Allow":
                return AntreaAction.Allow;
            case "Drop":
                return AntreaAction.Drop;
            case "Reject":
                return AntreaAction.Reject;
            case "Pass":
                return AntreaAction.Pass;
            default:
                rule.Malformed("action", "Allow, Drop, Reject or Pass");
                return AntreaAction.Drop;
        }
    }

    /// <summary>Logging decides nothing, but the API server refuses what is not of its form.</summary>
    private static void CheckLogging(FieldReader rule)
    {
        rule.Flag("enableLogging");
        if (rule.Text("logLabel") is { } label && !LabelSyntax.IsValue(label))
        {
            rule.Malformed("logLabel", "a text that can be a label's value");
        }
    }
}
