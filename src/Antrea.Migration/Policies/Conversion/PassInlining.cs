using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What becomes of traffic that a Pass takes out of a tier.</summary>
/// <param name="Rules">In order; the last ones match everything that was passed.</param>
/// <param name="Copied">The policies of later tiers whose rules are repeated here, each once.</param>
/// <param name="Problem">Why it cannot be said; null when it can.</param>
internal sealed record PassedTraffic(
    ImmutableArray<LaidOutRule> Rules, ImmutableArray<CompiledPolicy> Copied, (PolicyCode Code, string Message)? Problem);

/// <summary>Says in rules what Calico's later tiers do with traffic that a Pass hands on.</summary>
/// <remarks>
/// Calico's Pass goes on in the next tier; Antrea's leaves all tiers for Kubernetes NetworkPolicies. So the rules of the later tiers are repeated
/// where the Pass stands, each for what it has in common with the Pass: first theirs, then the end of their tier, and behind
/// the last tier Allow, or Antrea's Pass where a Kubernetes policy decides. Sources: Calico <c>felix/rules/endpoints.go</c>;
/// Antrea docs/antrea-network-policy.md.
/// </remarks>
internal sealed class PassInlining(
    ImmutableArray<PolicyStage> stages, KubernetesPlan kubernetes, PodSets sets, RuleContext context, AntreaAction deny)
{
    /// <summary>How many rules one Pass may become.</summary>
    public const int MaxRules = 256;

    private readonly ImmutableArray<PolicyStage> _stages = stages;
    private readonly KubernetesPlan _kubernetes = kubernetes;
    private readonly PodSets _sets = sets;
    private readonly RuleContext _context = context;
    private readonly AntreaAction _deny = deny;

    /// <summary>Whether a later tier has a say about some of these Pods.</summary>
    /// <param name="stage">The first of the later tiers.</param>
    /// <param name="direction">The direction.</param>
    /// <param name="subject">The Pods.</param>
    public bool GoesOn(int stage, Direction direction, ImmutableArray<SelectorTerm> subject) =>
        _stages.Skip(stage).SelectMany(s => s.Near(subject)).Any(p => p.Governs(direction) && PodSets.Meet(subject, p.Subject));

    /// <summary>The rules that say what happens from a tier on.</summary>
    /// <param name="stage">The tier that the traffic goes on to.</param>
    /// <param name="direction">The direction.</param>
    /// <param name="subject">The Pods whose traffic it is.</param>
    /// <param name="match">The traffic.</param>
    /// <param name="name">What the rules' names begin with.</param>
    public PassedTraffic Inline(
        int stage, Direction direction, ImmutableArray<SelectorTerm> subject, RuleMatch match, string name)
    {
        var run = new Run(this, direction);
        run.Continue(stage, subject, match, name);
        return new PassedTraffic([.. run.Rules], [.. run.Copied.Distinct()], run.Problem);
    }

    private sealed class Run(PassInlining owner, Direction direction)
    {
        public List<LaidOutRule> Rules { get; } = [];

        public List<CompiledPolicy> Copied { get; } = [];

        public (PolicyCode Code, string Message)? Problem { get; private set; }

        public void Continue(int stage, ImmutableArray<SelectorTerm> subject, RuleMatch match, string name)
        {
            for (var i = stage; i < owner._stages.Length; i++)
            {
                var tier = owner._stages[i].Tier;
                var governed = new List<SelectorTerm>();
                foreach (var policy in owner._stages[i].Near(subject).Where(p => p.Governs(direction)))
                {
                    if (Problem is not null)
                    {
                        return;
                    }

                    if (Meet(subject, policy.Subject) is { IsEmpty: false } shared)
                    {
                        Copied.Add(policy);
                        governed.AddRange(shared);
                        Copy(policy, i, shared, match, $"{name}.pass.{tier.Name}.{NameOf(policy)}");
                    }
                }

                if (governed.Count == 0 || tier.EndsInPass)
                {
                    continue;
                }

                if (PodSets.Simplify(governed, out var problem) is not { } ended)
                {
                    Fail(PolicyCode.PassInexpressible, problem!);
                    return;
                }

                Add($"{name}.pass.{tier.Name}.end", owner._deny, ended, match);
                if (PodSets.Covers(ended, subject))
                {
                    return;
                }
            }

            Finish(subject, match, name);
        }

        /// <summary>A policy's rules, as far as they are about the passed traffic.</summary>
        private void Copy(CompiledPolicy policy, int stage, ImmutableArray<SelectorTerm> shared, RuleMatch match, string name)
        {
            foreach (var rule in policy.Rules(direction).Where(r => r.Action != CalicoAction.Log))
            {
                foreach (var one in rule.Matches)
                {
                    if (Problem is not null || Intersect(match, one) is not { } both)
                    {
                        continue;
                    }

                    var subject = both.Subjects.IsEmpty ? shared : Meet(shared, both.Subjects);
                    if (subject is not { IsEmpty: false } pods)
                    {
                        continue;
                    }

                    both = both with { Subjects = [] };
                    if (rule.Action == CalicoAction.Pass)
                    {
                        Continue(stage + 1, pods, both, $"{name}.{rule.Name}");
                    }
                    else
                    {
                        Add($"{name}.{rule.Name}", rule.Action == CalicoAction.Allow ? AntreaAction.Allow : owner._deny, pods, both);
                    }
                }
            }
        }

        /// <summary>What falls out of the last tier is allowed, unless a Kubernetes policy that Antrea enforces itself decides.</summary>
        private void Finish(ImmutableArray<SelectorTerm> subject, RuleMatch match, string name)
        {
            if (!owner._kubernetes.HasNative(direction, subject))
            {
                Add($"{name}.pass.end", AntreaAction.Allow, subject, match);
                return;
            }

            if (Meet(subject, [.. owner._kubernetes.Decided(direction, subject)]) is { IsEmpty: false } decided)
            {
                Add($"{name}.pass.end", AntreaAction.Allow, decided, match);
            }

            Add($"{name}.pass.kubernetes", AntreaAction.Pass, subject, match);
        }

        private ImmutableArray<SelectorTerm>? Meet(ImmutableArray<SelectorTerm> left, ImmutableArray<SelectorTerm> right)
        {
            var both = owner._sets.Intersect(left, right, out var problem);
            if (both is null)
            {
                Fail(PolicyCode.PassInexpressible, problem!);
            }

            return both;
        }

        private RuleMatch? Intersect(RuleMatch left, RuleMatch right)
        {
            switch (RuleMatch.Intersect(left, right, owner._context))
            {
                case RuleIntersection.Some some:
                    return some.Match;
                case RuleIntersection.Inexpressible other:
                    Fail(PolicyCode.PassInexpressible, other.Reason);
                    return null;
                default:
                    return null;
            }
        }

        private void Add(string name, AntreaAction action, ImmutableArray<SelectorTerm> subject, RuleMatch match)
        {
            if (Rules.Count == MaxRules)
            {
                Fail(
                    PolicyCode.PassTooWide,
                    string.Create(CultureInfo.InvariantCulture, $"the later tiers' rules for what it lets pass are more than {MaxRules}"));
                return;
            }

            Rules.Add(new LaidOutRule(direction, name, action, subject, match));
        }

        private void Fail(PolicyCode code, string message) => Problem ??= (code, message);

        private static string NameOf(CompiledPolicy policy) =>
            (policy.IsKubernetes ? "knp." : "") + (policy.Policy.IsGlobal ? "" : policy.Policy.Namespace + ".") + policy.Policy.Name;
    }
}
