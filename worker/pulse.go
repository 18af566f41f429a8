package worker

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// pulseEvery is how often, real time, a running activity tells that its worker lives.
const pulseEvery = 500 * time.Millisecond

// pulse beats for every activity, so that one whose worker was killed is given to another within seconds instead of
// after its whole time.
type pulse struct {
	interceptor.WorkerInterceptorBase
}

func (*pulse) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &beating{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type beating struct {
	interceptor.ActivityInboundInterceptorBase
}

func (b *beating) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	done := make(chan struct{})
	defer close(done)
	go func() {
		beat := time.NewTicker(pulseEvery)
		defer beat.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-beat.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return b.Next.ExecuteActivity(ctx, in)
}
