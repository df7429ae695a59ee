using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Finds network sets and host endpoints that a policy selects without naming them: their addresses count in Calico.</summary>
internal sealed class ReachCheck(CalicoPolicySet set)
{
    private readonly HashSet<CalicoLabelledSet> _reached = [];

    /// <summary>What one policy reaches.</summary>
    public IEnumerable<PolicyFinding> Check(CalicoPolicy policy)
    {
        if (policy.IsGlobal)
        {
            // Felix rewrites all() by its text, so both readings count.
            var subject = CalicoScope.Subject(policy);
            var unscoped = CalicoScope.Subject(policy with { NamespaceSelector = null, ServiceAccountSelector = null });
            foreach (var (endpoint, _) in set.HostEndpoints.Where(h => subject.Matches(h.Endpoint.Labels) || unscoped.Matches(h.Endpoint.Labels)))
            {
                _reached.Add(endpoint);
                yield return PolicyCode.HostEndpointInReach.At("spec.selector", $"the policy applies to {endpoint}");
            }
        }

        var rules = (policy.GovernsIngress ? policy.Ingress.Select((r, i) => (r, Direction.Ingress, i)) : [])
            .Concat(policy.GovernsEgress ? policy.Egress.Select((r, i) => (r, Direction.Egress, i)) : []);
        foreach (var (rule, direction, index) in rules)
        {
            var path = SupportedFeatures.PathOf(direction, index);
            foreach (var finding in Check(rule.Source, policy, $"{path}.source").Concat(Check(rule.Destination, policy, $"{path}.destination")))
            {
                yield return finding;
            }
        }
    }

    /// <summary>What is to say about the sets and endpoints that no policy reached.</summary>
    public IEnumerable<Finding> Rest()
    {
        foreach (var unused in set.NetworkSets.Where(s => !_reached.Contains(s)))
        {
            yield return PolicyCode.NetworkSetUnused.On(Subject(unused), "no policy selects it");
        }

        foreach (var (endpoint, isOpen) in set.HostEndpoints)
        {
            if (!isOpen)
            {
                yield return PolicyCode.HostEndpoint.On(Subject(endpoint), "it protects a Node, which ends with Calico");
            }
            else if (!_reached.Contains(endpoint))
            {
                yield return PolicyCode.HostEndpointOpen.On(Subject(endpoint), "no policy selects it, and its profile allows everything");
            }
        }
    }

    private IEnumerable<PolicyFinding> Check(CalicoEntity entity, CalicoPolicy policy, string path)
    {
        if (CalicoScope.Peer(entity, policy.Namespace) is not { } expression)
        {
            yield break;
        }

        foreach (var reached in set.NetworkSets.Where(s => expression.Matches(s.Labels)))
        {
            _reached.Add(reached);
            yield return PolicyCode.NetworkSetInReach.At(path, $"the selector reaches {reached}");
        }

        foreach (var (endpoint, _) in set.HostEndpoints.Where(h => expression.Matches(h.Endpoint.Labels)))
        {
            _reached.Add(endpoint);
            yield return PolicyCode.HostEndpointInReach.At(path, $"the selector reaches {endpoint}");
        }
    }

    private static string Subject(CalicoLabelledSet set) =>
        set.Namespace.Length == 0 ? $"{set.Kind}/{set.Name}" : $"{set.Kind}/{set.Namespace}/{set.Name}";
}
