using System.Collections.Frozen;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>How each kind of step is carried out.</summary>
internal static class StepActions
{
    private static readonly FrozenDictionary<MigrationStepKind, StepAction> Actions = new Dictionary<MigrationStepKind, StepAction>
    {
        [MigrationStepKind.InstallNodeAgent] = new InstallNodeAgentAction(),
        [MigrationStepKind.CheckNodes] = new CheckNodesAction(),
        [MigrationStepKind.BackUp] = new BackUpAction(),
        [MigrationStepKind.CordonNode] = new CordonNodeAction(),
        [MigrationStepKind.CreatePools] = new CreatePoolsAction(),
        [MigrationStepKind.DisablePools] = new DisablePoolsAction(),
        [MigrationStepKind.MovePods] = new MovePodsAction(),
        [MigrationStepKind.ReleaseBlocks] = new ReleaseBlocksAction(),
        [MigrationStepKind.DeletePools] = new DeletePoolsAction(),
        [MigrationStepKind.UncordonNode] = new UncordonNodeAction(),
        [MigrationStepKind.InstallMultus] = new InstallMultusAction(),
        [MigrationStepKind.DelegateToCalico] = new DelegateToCalicoAction(),
        [MigrationStepKind.HoldCalico] = new HoldCalicoAction(),
        [MigrationStepKind.LeadCalico] = new LeadCalicoAction(),
        [MigrationStepKind.ReleaseHold] = new ReleaseHoldAction(),
        [MigrationStepKind.StopLeadingCalico] = new StopLeadingCalicoAction(),
        [MigrationStepKind.DeferAntrea] = new DeferAntreaAction(),
        [MigrationStepKind.ConfineCalico] = new ConfineCalicoAction(),
        [MigrationStepKind.AdmitAntrea] = new AdmitAntreaAction(),
        [MigrationStepKind.StopCalico] = new StopCalicoAction(),
        [MigrationStepKind.ClearRoutes] = new ClearRoutesAction(),
        [MigrationStepKind.ReadmitCalico] = new ReadmitCalicoAction(),
        [MigrationStepKind.PinCalicoAutodetection] = new PinCalicoAutodetectionAction(),
        [MigrationStepKind.InstallAntrea] = new InstallAntreaAction(),
        [MigrationStepKind.ConvertPolicies] = new ConvertPoliciesAction(),
        [MigrationStepKind.DelegateToBoth] = new DelegateToBothAction(),
        [MigrationStepKind.AllowMasqueraded] = new AllowMasqueradedAction(),
        [MigrationStepKind.WithdrawAllowances] = new WithdrawAllowancesAction(),
        [MigrationStepKind.SuspendCronJobs] = new SuspendCronJobsAction(),
        [MigrationStepKind.ResumeCronJobs] = new ResumeCronJobsAction(),
        [MigrationStepKind.TryCanaries] = new TryCanariesAction(),
        [MigrationStepKind.RestartPods] = new RestartPodsAction(),
        [MigrationStepKind.AssertPods] = new AssertPodsAction(),
        [MigrationStepKind.DelegateToAntrea] = new DelegateToAntreaAction(),
        [MigrationStepKind.RemoveCalico] = new RemoveCalicoAction(),
        [MigrationStepKind.CleanNode] = new CleanNodeAction(),
        [MigrationStepKind.RemoveMultusConfig] = new RemoveMultusConfigAction(),
        [MigrationStepKind.RemoveMultus] = new RemoveMultusAction(),
        [MigrationStepKind.Verify] = new VerifyAction(),
        [MigrationStepKind.RemoveNodeAgent] = new RemoveNodeAgentAction(),
        [MigrationStepKind.WithdrawPolicies] = new WithdrawPoliciesAction(),
        [MigrationStepKind.RemoveAntrea] = new RemoveAntreaAction(),
        [MigrationStepKind.CleanAntreaNode] = new CleanAntreaNodeAction(),
        [MigrationStepKind.UnpinCalicoAutodetection] = new UnpinCalicoAutodetectionAction(),
        [MigrationStepKind.FreeCalico] = new FreeCalicoAction(),
        [MigrationStepKind.RestorePools] = new RestorePoolsAction(),
        [MigrationStepKind.VerifyRollback] = new VerifyRollbackAction(),
        [MigrationStepKind.ForgetMigration] = new ForgetMigrationAction(),
    }.ToFrozenDictionary();

    /// <exception cref="KeyNotFoundException">The kind is a hold, which nobody carries out.</exception>
    public static StepAction Of(MigrationStepKind kind) => Actions[kind];
}
