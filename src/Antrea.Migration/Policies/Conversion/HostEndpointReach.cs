using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Which policies apply to a host endpoint, and whether they and its profile let everything through: then nothing ends with Calico.</summary>
/// <remarks>
/// Traffic of the Node's own processes is judged by all policies but untracked and pre-DNAT ones, then by the profiles, and is dropped where no
/// profile allows it. Forwarded traffic is judged by policies with applyOnForward alone, and passes where there are none. Untracked and pre-DNAT policies
/// have no end of their own: only a Deny in them stops anything. Source: Calico <c>felix/rules/endpoints.go</c>, v3.26 to v3.33.
/// </remarks>
internal sealed class HostEndpointReach
{
    private readonly Dictionary<CalicoLabelledSet, List<ReadPolicy>> _policies = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<ReadPolicy, List<CalicoLabelledSet>> _closed = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<CalicoLabelledSet> _open = new(ReferenceEqualityComparer.Instance);
    private readonly CalicoPolicySet _set;

    public HostEndpointReach(CalicoPolicySet set)
    {
        _set = set;
        var endpoints = set.HostEndpoints.Select(h => h.Endpoint).ToList();
        var unsure = new HashSet<CalicoLabelledSet>(ReferenceEqualityComparer.Instance);
        foreach (var read in set.Policies.Where(p => p.Policy.IsGlobal && endpoints.Count > 0))
        {
            // Beside a namespaceSelector Felix narrows all() to Pods, by its text: an all( ) with blanks may be left as it is.
            var text = read.Object.Json.TextAt("spec", "selector") ?? "";
            var hasBlanks = text.Contains("all( ", StringComparison.Ordinal) || text.Contains("all(\t", StringComparison.Ordinal);
            var subject = CalicoScope.Subject(read.Policy);
            var unscoped = hasBlanks ? CalicoScope.Subject(read.Policy with { NamespaceSelector = null, ServiceAccountSelector = null }) : subject;
            foreach (var endpoint in endpoints.Where(e => subject.Matches(e.Labels) || unscoped.Matches(e.Labels)))
            {
                PoliciesOf(endpoint).Add(read);
                if (subject.Matches(endpoint.Labels) != unscoped.Matches(endpoint.Labels))
                {
                    unsure.Add(endpoint);
                }
            }
        }

        foreach (var (endpoint, isOpen) in set.HostEndpoints)
        {
            if (!unsure.Contains(endpoint) && LetsEverythingThrough(endpoint, isOpen))
            {
                _open.Add(endpoint);
            }
            else
            {
                foreach (var read in PoliciesOf(endpoint))
                {
                    ClosedBy(read).Add(endpoint);
                }
            }
        }
    }

    /// <summary>The host endpoints that a policy applies to and that are protected, by it or by others.</summary>
    public IReadOnlyList<CalicoLabelledSet> ProtectedBy(ReadPolicy policy) => _closed.GetValueOrDefault(policy, []);

    /// <summary>Whether nothing that policies and profile say stops any traffic through the endpoint.</summary>
    public bool IsOpen(CalicoLabelledSet endpoint) => _open.Contains(endpoint);

    private bool LetsEverythingThrough(CalicoLabelledSet endpoint, bool profileAllows)
    {
        var policies = PoliciesOf(endpoint).Select(r => r.Policy).ToList();
        var early = policies.Where(p => p.DoNotTrack || p.PreDnat);
        var tracked = policies.FindAll(p => !p.DoNotTrack && !p.PreDnat);
        return Enum.GetValues<Direction>().All(d =>
            !early.Any(p => RulesOf(p, d).Any(r => r.Action == CalicoAction.Deny))
            && NeverDenies(tracked, d, otherwise: profileAllows)
            && NeverDenies(tracked.FindAll(p => p.ApplyOnForward), d, otherwise: tracked.TrueForAll(p => !p.ApplyOnForward || !Governs(p, d))));
    }

    /// <summary>Whether no rule and no tier's end can deny.</summary>
    /// <param name="policies">Those of the endpoint.</param>
    /// <param name="direction">The direction.</param>
    /// <param name="otherwise">Whether what gets past all tiers is allowed.</param>
    private bool NeverDenies(List<CalicoPolicy> policies, Direction direction, bool otherwise)
    {
        foreach (var tier in CalicoOrder.TiersOf(_set))
        {
            var governing = policies.FindAll(p => p.Tier == tier.Name && Governs(p, direction));
            if (governing.Count == 0)
            {
                continue;
            }

            var (isDecided, goesOn) = (false, false);
            foreach (var rule in CalicoOrder.Sort(governing, _set.Version).SelectMany(p => RulesOf(p, direction)).Where(r => r.Action != CalicoAction.Log))
            {
                if (rule.Action == CalicoAction.Deny)
                {
                    return false;
                }

                goesOn |= rule.Action == CalicoAction.Pass;
                if (MatchesEverything(rule))
                {
                    isDecided = true;
                    break;
                }
            }

            if (!isDecided && !tier.EndsInPass)
            {
                return false;
            }

            if (isDecided && !goesOn)
            {
                return true;
            }
        }

        return otherwise;
    }

    private static bool MatchesEverything(CalicoRule rule) =>
        rule is { IPVersion: null, Protocol: null, NotProtocol: null, Icmp: null, NotIcmp: null } && SaysNothing(rule.Source) && SaysNothing(rule.Destination);

    private static bool SaysNothing(CalicoEntity side) => side is
    {
        Selector: null, NotSelector: null, NamespaceSelector: null, ServiceAccounts: null, Services: null,
        Nets.IsEmpty: true, NotNets.IsEmpty: true, Ports.IsEmpty: true, NotPorts.IsEmpty: true,
    };

    private static bool Governs(CalicoPolicy policy, Direction direction) => direction == Direction.Ingress ? policy.GovernsIngress : policy.GovernsEgress;

    private static IEnumerable<CalicoRule> RulesOf(CalicoPolicy policy, Direction direction) =>
        !Governs(policy, direction) ? [] : direction == Direction.Ingress ? policy.Ingress : policy.Egress;

    private List<ReadPolicy> PoliciesOf(CalicoLabelledSet endpoint) => ListOf(_policies, endpoint);

    private List<CalicoLabelledSet> ClosedBy(ReadPolicy policy) => ListOf(_closed, policy);

    private static List<TValue> ListOf<TKey, TValue>(Dictionary<TKey, List<TValue>> lists, TKey key)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        return list;
    }
}
