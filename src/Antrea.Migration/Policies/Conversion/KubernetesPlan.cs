using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Decides, per direction, which Kubernetes NetworkPolicies Antrea may go on enforcing itself, and which are compiled in.</summary>
/// <remarks>
/// In Calico they stand at order 1000 inside tier default; in Antrea behind all tiers but baseline. That is the same only where
/// no policy of tier default, or of a tier behind it, governs a Pod and direction that a Kubernetes policy governs. Tiers before default
/// are no problem: what they decide is final in both, and what they end in Pass with goes on to the Kubernetes policy in both.
/// A compiled policy may stay in the cluster: the end of tier default decides about its Pods before Antrea asks it. Where nothing decides
/// (<see cref="Open"/>), an explicit Allow keeps traffic from it. All Kubernetes policies of a Pod are compiled, or none.
/// Antrea obeys rules of a direction that policyTypes leaves out, and isolates for them: such Pods are open in that direction.
/// Sources: Calico <c>libcalico-go/lib/backend/k8s/conversion</c>; Antrea docs/design/ovs-pipeline.md, <c>networkpolicy_controller.go</c>.
/// </remarks>
internal sealed class KubernetesPlan
{
    private readonly Dictionary<Direction, ILookup<string, Member>> _members = [];
    private readonly Dictionary<CompiledPolicy, string> _apart = [];
    private readonly Dictionary<ReadKubernetesPolicy, List<PolicyFinding>> _findings = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Direction, HashSet<ReadKubernetesPolicy>> _compiled = [];
    private readonly PolicyWorld _world;

    /// <param name="set">The Kubernetes policies and tiers.</param>
    /// <param name="policies">Calico's policies.</param>
    /// <param name="world">The labels that Namespaces have now.</param>
    public KubernetesPlan(CalicoPolicySet set, IReadOnlyCollection<CompiledPolicy> policies, PolicyWorld world)
    {
        _world = world;
        var before = set.Tiers.Select(t => t.Name).TakeWhile(n => n != CalicoTier.DefaultName).ToHashSet(StringComparer.Ordinal);
        var rivals = policies.Where(p => !before.Contains(p.Policy.Tier)).ToList();
        var endsInPass = set.Tiers.Any(t => t.Name == CalicoTier.DefaultName && t.EndsInPass);
        foreach (var direction in Enum.GetValues<Direction>())
        {
            var members = set.KubernetesPolicies
                .Select(k => Member.Of(k, direction))
                .OfType<Member>()
                .ToLookup(m => m.Namespace, StringComparer.Ordinal);
            _members[direction] = members;
            var global = rivals.Where(p => p.Governs(direction) && p.Policy.IsGlobal).SelectMany(Rival.Of).ToList();
            var local = rivals.Where(p => p.Governs(direction) && !p.Policy.IsGlobal).ToLookup(p => p.Policy.Namespace, StringComparer.Ordinal);
            foreach (var group in members)
            {
                Decide([.. group], direction, [.. local[group.Key].SelectMany(Rival.Of), .. global], endsInPass);
            }

            _compiled[direction] = new HashSet<ReadKubernetesPolicy>(
                members.SelectMany(m => m).Where(m => m.Compiled is not null).Select(m => m.Read), ReferenceEqualityComparer.Instance);
        }
    }

    /// <summary>Whether the policy's rules of a direction are compiled in.</summary>
    public bool IsCompiled(ReadKubernetesPolicy policy, Direction direction) => _compiled[direction].Contains(policy);

    /// <summary>What is to say about a Kubernetes policy.</summary>
    public IEnumerable<PolicyFinding> FindingsOf(ReadKubernetesPolicy policy) => _findings.GetValueOrDefault(policy, []);

    /// <summary>What is to say about a Calico policy.</summary>
    public IEnumerable<PolicyFinding> FindingsOf(CompiledPolicy policy) => _apart.TryGetValue(policy, out var message)
        ? [PolicyCode.KubernetesPolicyApart.At("spec.selector", message)]
        : [];

    /// <summary>Whether one of these Pods may have a Kubernetes policy that Antrea enforces itself.</summary>
    public bool HasNative(Direction direction, ImmutableArray<SelectorTerm> pods) =>
        Near(direction, pods).Any(m => m is { Governs: true, Compiled: null } && PodSets.Meet(pods, [m.Subject]));

    /// <summary>Those of these Pods that Antrea would isolate though Calico does not, or has decided already.</summary>
    public IEnumerable<SelectorTerm> Decided(Direction direction, ImmutableArray<SelectorTerm> pods) =>
        Near(direction, pods).Where(m => m.IsOdd || m.Compiled is not null).Select(m => m.Subject).Where(s => PodSets.Meet(pods, [s]));

    /// <summary>Pods of each Namespace that a Kubernetes policy must not be asked about when all tiers are through with them.</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="passed">Pods that a Pass takes out of tier default or a later tier.</param>
    /// <param name="endsInPass">Whether tier default ends in Pass.</param>
    public IEnumerable<(string Namespace, SelectorTerm Subject)> Open(
        Direction direction, ImmutableArray<SelectorTerm> passed, bool endsInPass) =>
        _members[direction].SelectMany(g => g)
            .Where(m => m.IsOdd || (m.Compiled is not null && (endsInPass || PodSets.Meet(passed, [m.Subject]))))
            .Select(m => (m.Namespace, m.Subject));

    private IEnumerable<Member> Near(Direction direction, ImmutableArray<SelectorTerm> pods)
    {
        var namespaces = pods.Select(p => p.BoundNamespace).Distinct(StringComparer.Ordinal).ToList();
        return namespaces.Contains(null) ? _members[direction].SelectMany(g => g) : namespaces.SelectMany(n => _members[direction][n!]);
    }

    private void Decide(List<Member> members, Direction direction, List<Rival> rivals, bool endsInPass)
    {
        var @namespace = members[0].Namespace;
        var here = SelectorTerm.InNamespace(@namespace);
        var near = rivals.Where(r => r.Term.And(here) is not null).ToList();
        var labels = _world.LabelsOf(@namespace);
        var isKnown = _world.Namespaces.ContainsKey(@namespace);
        var active = near.Where(r => !isKnown || r.Namespaces.Matches(labels)).ToList();
        var pending = new Queue<Member>();
        foreach (var member in members.Where(m => m.Governs))
        {
            if (endsInPass)
            {
                Compile(member, "tier default ends in Pass, so that it isolates nobody", pending);
            }
            else if (active.Find(r => r.Term.And(member.Subject) is not null) is { } rival)
            {
                Compile(member, $"{rival.Policy} can govern the same Pods", pending);
            }
            else if (members.Find(m => m.IsOdd && m.Subject.And(member.Subject) is not null) is { } odd)
            {
                Compile(member, $"Antrea obeys rules of {odd.Read.Policy} that policyTypes leaves out", pending);
            }
        }

        var rest = members.Where(m => m is { Governs: true, Compiled: null }).ToList();
        while (pending.TryDequeue(out var compiled))
        {
            foreach (var member in rest.Where(m => m.Subject.And(compiled.Subject) is not null).ToList())
            {
                rest.Remove(member);
                Compile(member, $"{compiled.Read.Policy}, which is compiled in, can select the same Pods", pending);
            }
        }

        foreach (var member in rest)
        {
            foreach (var rival in near.Where(r => r.Term.And(member.Subject) is not null))
            {
                _apart.TryAdd(
                    rival.Policy,
                    $"only labels of Namespace {@namespace} keep it apart from Kubernetes NetworkPolicy {member.Read.Policy}; a change of those labels breaks it");
            }
        }

        foreach (var member in members)
        {
            Report(member, direction);
        }
    }

    private static void Compile(Member member, string reason, Queue<Member> pending)
    {
        member.Compiled = reason;
        pending.Enqueue(member);
    }

    private void Report(Member member, Direction direction)
    {
        var word = direction == Direction.Ingress ? "ingress" : "egress";
        var finding = member.Compiled is { } reason
            ? PolicyCode.KubernetesPolicyCompiled.At(
                $"spec.{word}", $"{reason}; its {word} rules are written at their rank in tier default, and a change of the policy breaks that")
            : member.IsOdd
                ? PolicyCode.KubernetesPolicyTypes.At(
                    $"spec.{word}", $"{word} rules that policyTypes leaves out: an explicit Allow keeps Antrea from obeying them, and a change of the policy breaks that")
                : null;
        if (finding is not null)
        {
            if (!_findings.TryGetValue(member.Read, out var findings))
            {
                _findings[member.Read] = findings = [];
            }

            findings.Add(finding);
        }
    }

    /// <summary>One alternative of a Calico policy of tier default or later.</summary>
    private sealed record Rival(CompiledPolicy Policy, SelectorTerm Term, LabelSelector Namespaces)
    {
        public static IEnumerable<Rival> Of(CompiledPolicy policy) =>
            policy.Subject.Select(t => new Rival(policy, t, t.ToNamespaceSelector()));
    }

    /// <summary>What a Kubernetes policy is to one direction.</summary>
    private sealed class Member(ReadKubernetesPolicy read, SelectorTerm subject, bool governs, bool isOdd)
    {
        public ReadKubernetesPolicy Read => read;

        public string Namespace => read.Policy.Namespace;

        public SelectorTerm Subject => subject;

        /// <summary>Whether it isolates in Calico, as in Kubernetes.</summary>
        public bool Governs => governs;

        /// <summary>Whether it isolates in Antrea alone.</summary>
        public bool IsOdd => isOdd;

        /// <summary>Why it is compiled in; null when it is not.</summary>
        public string? Compiled { get; set; }

        /// <summary>Null where the policy has no part in the direction.</summary>
        public static Member? Of(ReadKubernetesPolicy read, Direction direction)
        {
            var policy = read.Policy;
            var governs = direction == Direction.Ingress ? policy.TypesIngress : policy.TypesEgress;
            var isOdd = !governs && (direction == Direction.Ingress ? policy.Ingress : policy.Egress).Length > 0;
            return (governs || isOdd) && SelectorTerm.Of(policy.PodSelector, policy.Namespace) is { } subject
                ? new Member(read, subject, governs, isOdd)
                : null;
        }
    }
}
