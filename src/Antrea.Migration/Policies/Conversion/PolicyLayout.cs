using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Lays the compiled policies of all tiers out as Antrea policies, in the order in which they must be asked.</summary>
/// <remarks>
/// In a tier come first the policies, in Calico's order, then what ends it: Drop everything for the Pods and directions that a policy of the tier
/// governs. Behind the last tier comes an Allow for Pods that a Kubernetes policy must not be asked about. A Pass that matches
/// everything closes the tier for its Pods: later rules and the end leave them out. Any other Pass is what <see cref="PassInlining"/> says.
/// Source: Calico <c>felix/rules/endpoints.go</c>.
/// </remarks>
internal sealed class PolicyLayout
{
    private static readonly Direction[] Directions = Enum.GetValues<Direction>();

    private readonly ImmutableArray<PolicyStage> _stages;
    private readonly KubernetesPlan _kubernetes;
    private readonly PodSets _sets;
    private readonly PassInlining _passes;
    private readonly AntreaAction _deny;
    private readonly List<SelectorTerm>[] _passedBehind = [[], []];
    private readonly Dictionary<CompiledPolicy, List<PolicyFinding>> _findings = [];

    /// <param name="stages">Every tier, in evaluation order.</param>
    /// <param name="kubernetes">What Antrea enforces of Kubernetes policies.</param>
    /// <param name="context">What rules are compiled against.</param>
    /// <param name="deny">What a denied packet meets.</param>
    public PolicyLayout(ImmutableArray<PolicyStage> stages, KubernetesPlan kubernetes, RuleContext context, AntreaAction deny)
    {
        _stages = stages;
        _kubernetes = kubernetes;
        _sets = new PodSets(context.Selectors);
        _passes = new PassInlining(stages, kubernetes, _sets, context, deny);
        _deny = deny;
        var drafts = stages.Select((s, i) => (s.Tier, Drafts: LayOut(s, i))).Where(t => t.Drafts.Length > 0).ToList();
        ImmutableArray<PolicyDraft> open = [.. LayOutOpen()];
        if (open.Length > 0)
        {
            var (tier, last) = drafts.Count > 0 ? drafts[^1] : (stages.Single(s => s.Tier.Name == CalicoTier.DefaultName).Tier, []);
            drafts = [.. drafts.SkipLast(1), (tier, [.. last, .. open])];
        }

        Drafts = [.. drafts];
    }

    /// <summary>The drafts of each tier that has any, in order.</summary>
    public ImmutableArray<(CalicoTier Tier, ImmutableArray<PolicyDraft> Drafts)> Drafts { get; }

    /// <summary>The tiers that have drafts, in order.</summary>
    public IReadOnlyList<CalicoTier> UsedTiers => [.. Drafts.Select(d => d.Tier)];

    /// <summary>What the layout has to say about a policy.</summary>
    public IEnumerable<PolicyFinding> FindingsOf(CompiledPolicy policy) => _findings.GetValueOrDefault(policy, []);

    private ImmutableArray<PolicyDraft> LayOut(PolicyStage stage, int index)
    {
        var drafts = ImmutableArray.CreateBuilder<PolicyDraft>();
        var closed = Directions.ToDictionary(d => d, _ => new ClosedPods());
        foreach (var policy in stage.Policies)
        {
            var rules = Directions.Where(policy.Governs).SelectMany(d => LayOut(policy, d, index, closed[d])).ToList();
            if (rules.Count > 0)
            {
                drafts.Add(Draft(policy, rules));
            }
        }

        return stage.Tier.EndsInPass ? drafts.ToImmutable() : [.. drafts, .. TierEnds.Of(stage.Tier, LayOutEnd(stage, closed))];
    }

    private List<LaidOutRule> LayOut(CompiledPolicy policy, Direction direction, int stage, ClosedPods closed)
    {
        var rules = new List<LaidOutRule>();
        var subject = Without(policy.Subject, closed.Near(policy), policy, "spec.selector");
        foreach (var rule in policy.Rules(direction).Where(r => r.Action != CalicoAction.Log))
        {
            foreach (var match in rule.Matches)
            {
                var pods = match.Subjects.IsEmpty ? subject : Restrict(subject, match.Subjects, policy, rule);
                var what = match with { Subjects = [] };
                if (pods.IsEmpty)
                {
                    continue;
                }

                if (rule.Action != CalicoAction.Pass)
                {
                    rules.Add(new LaidOutRule(
                        direction, rule.Name, rule.Action == CalicoAction.Allow ? AntreaAction.Allow : _deny, pods, what));
                }
                else if (IsEverything(what) && _passes.GoesOn(stage + 1, direction, pods))
                {
                    Close(stage, direction, pods, policy, closed);
                    subject = Without(subject, pods, policy, rule.Path);
                }
                else
                {
                    rules.AddRange(Pass(policy, rule, _passes.Inline(stage + 1, direction, pods, what, rule.Name)));
                }
            }
        }

        return rules;
    }

    private static bool IsEverything(RuleMatch match) => match.Peers.IsEmpty && match.Ports.IsEmpty && match.Protocols.IsEmpty;

    /// <summary>The tier is over for these Pods: they go on to the next one.</summary>
    private void Close(int stage, Direction direction, ImmutableArray<SelectorTerm> pods, CompiledPolicy policy, ClosedPods closed)
    {
        closed.Add(policy.Policy.Namespace, pods);
        if (_stages.Take(stage + 1).Any(s => s.Tier.Name == CalicoTier.DefaultName))
        {
            _passedBehind[(int)direction].AddRange(pods);
        }
    }

    private IEnumerable<LaidOutRule> Pass(CompiledPolicy policy, CompiledRule rule, PassedTraffic passed)
    {
        if (passed.Problem is { } problem)
        {
            Say(policy, problem.Code.At($"{rule.Path}.action", problem.Message));
            return [];
        }

        if (passed.Copied.Length > 0)
        {
            var names = string.Join(", ", passed.Copied.Take(3)) + (passed.Copied.Length > 3 ? $" and {passed.Copied.Length - 3} more" : "");
            Say(policy, PolicyCode.PassInlined.At($"{rule.Path}.action", $"what it lets pass is decided here by the rules of {names}"));
            if (passed.Copied.FirstOrDefault(p => p.IsKubernetes) is { } kubernetes)
            {
                Say(policy, PolicyCode.KubernetesPolicyCompiled.At(
                    $"{rule.Path}.action", $"the rules of {kubernetes} are among them, and a change of it breaks that"));
            }
        }

        return passed.Rules;
    }

    /// <summary>The Pods of each direction that the tier's end drops, with the Namespace of the policy that governs them.</summary>
    private IEnumerable<TierEnds.Entry> LayOutEnd(PolicyStage stage, Dictionary<Direction, ClosedPods> closed) =>
        from policy in stage.Policies
        from direction in Directions
        where policy.Governs(direction)
        from term in Without(policy.Subject, closed[direction].Near(policy), policy, "spec.selector")
        select new TierEnds.Entry(policy.Policy.Namespace, direction, term, _deny);

    private IEnumerable<PolicyDraft> LayOutOpen()
    {
        var endsInPass = _stages.Any(s => s.Tier is { Name: CalicoTier.DefaultName, EndsInPass: true });
        return TierEnds.OfOpen(Directions.SelectMany(d => _kubernetes.Open(d, [.. _passedBehind[(int)d]], endsInPass)
            .Select(o => new TierEnds.Entry(o.Namespace, d, o.Subject, AntreaAction.Allow))));
    }

    private static PolicyDraft Draft(CompiledPolicy policy, List<LaidOutRule> rules)
    {
        var @namespace = policy.Policy.Namespace;
        var isLocal = @namespace.Length > 0 && rules.TrueForAll(r => PolicyDraft.FitsNamespace(r, @namespace));
        var names = new HashSet<string>(StringComparer.Ordinal);
        return new PolicyDraft(
            policy,
            isLocal ? @namespace : "",
            PolicyNames.Of(policy, isLocal),
            PolicyNames.Origin(policy),
            [.. rules.Select(r => r with { Name = Unique(r.Name, names) })]);
    }

    private ImmutableArray<SelectorTerm> Restrict(
        ImmutableArray<SelectorTerm> pods, ImmutableArray<SelectorTerm> to, CompiledPolicy policy, CompiledRule rule)
    {
        if (_sets.Intersect(pods, to, out var problem) is { } both)
        {
            return both;
        }

        Say(policy, PolicyCode.SubjectRestricted.At(rule.Path, problem!));
        return [];
    }

    private ImmutableArray<SelectorTerm> Without(
        ImmutableArray<SelectorTerm> pods, IEnumerable<SelectorTerm> others, CompiledPolicy policy, string path)
    {
        if (PodSets.Subtract(pods, others, out var problem) is { } rest)
        {
            return rest;
        }

        Say(policy, PolicyCode.PassInexpressible.At(path, $"a Pass before it takes some of its Pods out of the tier: {problem}"));
        return [];
    }

    private void Say(CompiledPolicy policy, PolicyFinding finding)
    {
        if (!_findings.TryGetValue(policy, out var findings))
        {
            _findings[policy] = findings = [];
        }

        if (!findings.Contains(finding))
        {
            findings.Add(finding);
        }
    }

    private static string Unique(string name, HashSet<string> names)
    {
        var unique = name;
        for (var i = 2; !names.Add(unique); i++)
        {
            unique = $"{name}-{i}";
        }

        return unique;
    }

    /// <summary>Pods that are through with a tier in one direction.</summary>
    private sealed class ClosedPods
    {
        private readonly Dictionary<string, List<SelectorTerm>> _terms = new(StringComparer.Ordinal);

        public void Add(string @namespace, IEnumerable<SelectorTerm> pods)
        {
            if (!_terms.TryGetValue(@namespace, out var terms))
            {
                _terms[@namespace] = terms = [];
            }

            terms.AddRange(pods);
        }

        /// <summary>Those that the policy may select.</summary>
        public IEnumerable<SelectorTerm> Near(CompiledPolicy policy) => policy.Policy.IsGlobal
            ? _terms.OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value)
            : Of("").Concat(Of(policy.Policy.Namespace));

        private List<SelectorTerm> Of(string @namespace) => _terms.GetValueOrDefault(@namespace, []);
    }
}
